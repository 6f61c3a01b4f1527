"""An S3 server of the tests' own (moto's), which checks signatures and what accounts may do; it may be stopped and started."""

import json
import logging
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

import boto3
from moto.server import ThreadedMotoServer

READ, WRITE = ("s3:GetObject", "s3:ListBucket"), ("s3:*",)
BUCKET = "pies"
_REGION = "us-east-1"
_UNCHECKED = 1_000_000
"""So many requests are answered to anyone: those that set the server up."""


class S3Server:
    """A server on a free port of this machine. What it holds stays while it is stopped."""

    def __init__(self) -> None:
        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)

    @property
    def endpoint(self) -> str:
        host, port = self._server.get_host_and_port()
        return f"http://{host}:{port}"

    def start(self) -> None:
        if self._server._server is not None:
            host, port = self._server.get_host_and_port()
            self._server = ThreadedMotoServer(ip_address=host, port=port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    def account(self, actions: Sequence[str]) -> dict[str, str]:
        """The environment of a new account that may do `actions` on everything."""
        # Accounts are of the process, not of one server in it.
        name = f"account-{uuid4().hex}"
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        with self._unchecked():
            iam = self._client("iam")
            iam.create_user(UserName=name)
            document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            iam.put_user_policy(UserName=name, PolicyName="policy", PolicyDocument=document)
            key = iam.create_access_key(UserName=name)["AccessKey"]
        return self.environment(key["AccessKeyId"], key["SecretAccessKey"])

    def environment(self, key_id: str, secret: str) -> dict[str, str]:
        """What a process needs in its environment to use the server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": _REGION,
            "AWS_ACCESS_KEY_ID": key_id,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def forget(self, key_id: str) -> None:
        """Make an account's key invalid, as if it had expired."""
        with self._unchecked():
            iam = self._client("iam")
            user = iam.get_access_key_last_used(AccessKeyId=key_id)["UserName"]
            iam.delete_access_key(UserName=user, AccessKeyId=key_id)

    def make_bucket(self) -> None:
        with self._unchecked():
            self._client("s3").create_bucket(Bucket=BUCKET)

    @contextmanager
    def _unchecked(self) -> Iterator[None]:
        self._check_after(_UNCHECKED)
        try:
            yield
        finally:
            self._check_after(0)

    def _check_after(self, num_requests: int) -> None:
        request = urllib.request.Request(f"{self.endpoint}/moto-api/reset-auth", str(num_requests).encode())
        request.add_header("Content-Type", "text/plain")
        urllib.request.urlopen(request).close()

    def _client(self, service: str) -> "boto3.client":
        keys = {"aws_access_key_id": "setup", "aws_secret_access_key": "setup"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name=_REGION, **keys)


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A running server with the bucket BUCKET, stopped afterwards."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = S3Server()
    server.start()
    try:
        server.make_bucket()
        yield server
    finally:
        server.stop()
