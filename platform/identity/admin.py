"""Admin pages for people and tokens. A token's secret is shown once, by `greenroom token create`, never here."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin import ReadOnly

from .actions import revoke_token
from .models import Person, ServiceToken


@admin.register(Person)
class PersonAdmin(UserAdmin):
    list_display = ("username", "entity_ref", "email", "is_active", "is_staff", "last_login")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Catalog", {"fields": ("entity_ref",)}))


@admin.register(ServiceToken)
class ServiceTokenAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "prefix", "acts_for", "expires_at", "last_used_at", "revoked_at")
    search_fields = ("name", "prefix", "acts_for")
    actions = ("revoke",)

    @admin.action(description="Revoke the chosen tokens")
    def revoke(self, request: HttpRequest, chosen: QuerySet[ServiceToken]) -> None:
        for token in chosen.filter(revoked_at=None):
            revoke_token(name=token.name, by=request.user)  # type: ignore[arg-type]  # signed in, so a Person
