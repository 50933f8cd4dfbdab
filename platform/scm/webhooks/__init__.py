"""Webhooks of code hosts: checked, stored, and then handled from what was stored."""
