"""The trainer: studies, their plans, and training runs into a spool. torch and transformers live only here."""
