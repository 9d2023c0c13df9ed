"""Marking notifications as read, and choosing how to get mail."""

from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from schema.connections import MOST
from schema.context import Info, Operation
from schema.errors import AccessError, ValidationError
from schema.fields import ABSENT, given, mutation
from schema.ids import uuid_of
from schema.notification import MailMode, MailPreferences, load_mail_preferences
from schema.scalars import LogPosition, named
from service.domain import limits
from service.domain.errors import Invalid
from service.integrations import mail_preferences, notification


@strawberry.input(one_of=True, description="Which notifications; exactly one of these.")
class MarkNotificationsReadInput:
    up_to: LogPosition | None = strawberry.field(
        default=UNSET, description="All up to this position, such as that of the newest one that was shown."
    )
    ids: list[ID] | None = strawberry.field(
        default=UNSET, description="These, at most 100. What is not the viewer's is left alone."
    )


@strawberry.type(description="They are read.")
class MarkNotificationsReadPayload:
    unread_notification_count: int = strawberry.field(description="How many are left that are not.")


@strawberry.input(description="How to get mail of notifications. What is left out stays.")
class SetMailPreferencesInput:
    email: MailMode = strawberry.field(description="When.")
    digest_hour: int | None = strawberry.field(
        default=ABSENT, description="The hour of the daily mail, in UTC, from 0 to 23; at first 7."
    )
    address: str | None = strawberry.field(
        default=ABSENT,
        description="Another address than that of signUp. It is shown to nobody, and used for nothing else.",
    )


@strawberry.type(description="It is as chosen.")
class MailPreferencesPayload:
    mail_preferences: MailPreferences = strawberry.field(description="As they are now.")


MarkNotificationsReadResult = Annotated[
    MarkNotificationsReadPayload | ValidationError | AccessError,
    strawberry.union("MarkNotificationsReadResult", description="That they are read, or why not."),
]
MailPreferencesResult = Annotated[
    MailPreferencesPayload | ValidationError | AccessError,
    strawberry.union("MailPreferencesResult", description="What was chosen, or why it was refused."),
]
Which = Annotated[MarkNotificationsReadInput, strawberry.argument(description="Which ones.")]
Choice = Annotated[SetMailPreferencesInput, strawberry.argument(description="How.")]


@strawberry.type
class NotificationMutations:
    @mutation(description="Mark one's own notifications as read.")
    async def mark_notifications_read(self, info: Info, input: Which) -> MarkNotificationsReadResult:
        operation, tools = info.context, info.context.tools
        user_id = operation.command_context().signed_in()
        with named(argument="input.upTo"):
            up_to = await operation.place(input.up_to) if isinstance(input.up_to, LogPosition) else None
        ids = [uuid_of(one, ("input", "ids"), "Notification") for one in given(input.ids) or ()]
        limits.check_count(len(ids), MOST, ("input", "ids"))
        await operation.release()
        await notification.mark_read(tools.pool, user_id, tools.clock(), up_to=up_to, ids=ids)
        unread = await operation.loaders.count_of_notifications.load((user_id, True))
        return MarkNotificationsReadPayload(unread_notification_count=unread)

    @mutation(
        description="Choose how to get mail of notifications. The owner of an address that is new here is "
        "asked first, by a mail with a link; there is no other mail before they say yes."
    )
    async def set_mail_preferences(self, info: Info, input: Choice) -> MailPreferencesResult:
        operation, tools = info.context, info.context.tools
        user_id = operation.command_context().signed_in()
        if input.email is not MailMode.NONE and not tools.mailing:
            raise Invalid("This installation sends no mail.", path=("input", "email"))
        await operation.release()
        await mail_preferences.choose(
            tools.pool,
            user_id,
            input.email.value,
            given(input.digest_hour),
            given(input.address),
            tools.clock(),
            tools.random,
        )
        return MailPreferencesPayload(mail_preferences=await _now(operation))


async def _now(operation: Operation) -> MailPreferences:
    found = await load_mail_preferences(operation, operation.command_context().signed_in())
    if found is None:
        raise LookupError("the viewer's preferences are hidden from the viewer")
    return found
