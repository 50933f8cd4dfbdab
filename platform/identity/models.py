"""People who sign in, and tokens with which programs do."""

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone


class Person(AbstractUser):
    """Somebody who signs in. `entity_ref` is their User entity in the catalog, when there is one."""

    entity_ref = models.CharField(max_length=255, blank=True)

    class Meta:
        verbose_name_plural = "people"

    @property
    def ref(self) -> str:
        return self.entity_ref or f"user:default/{self.username.lower()}"


class TokenQuerySet(models.QuerySet["ServiceToken"]):
    def live(self) -> "TokenQuerySet":
        """Neither revoked nor expired."""
        now = timezone.now()
        return self.filter(revoked_at=None).filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now))


class ServiceToken(models.Model):
    """A program's credential. Only a SHA-256 of the secret is stored: 256 random bits need no slow hash.

    `prefix` is public and finds the row; `scopes` are permission names or patterns; `acts_for` is the User entity
    in whose name the program works; `conditions` limit a permission, by its name, to a part of the things.
    """

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, unique=True)
    digest = models.CharField(max_length=64)
    scopes = ArrayField(models.CharField(max_length=100))
    conditions = models.JSONField(default=dict, blank=True)
    acts_for = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.CharField(max_length=255)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(revoked_at=None), name="identity_one_live_token_a_name"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"
