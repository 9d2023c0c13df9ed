"""The links in mails: looking changes nothing, one click does, without a session."""

from uuid import UUID

from service.integrations import mail_preferences
from tests.integrations.mailbox import now, wants_mail
from tests.web.site import Site

TOKEN = "moc.elpmaxe@bob"
LEAVE = f"/mail/unsubscribe?token={TOKEN}"
BUTTON = '<form method="post"><button>'


async def mode(site: Site, user: UUID) -> str:
    found: str = await site.tools.pool.fetchval("SELECT mode FROM notices.mail WHERE user_id = $1", user)
    return found


async def test_one_click(site: Site) -> None:
    user = await site.user("bob")
    await wants_mail(site.tools.pool, user, TOKEN[::-1], "DAILY")
    await site.tools.pool.execute(
        """
        INSERT INTO notices.notifications (user_id, position, kind, summary_id, created_at, by_mail)
        VALUES ($1, 1, 'SUMMARY_PAPER', $1, now(), true)
        """,
        user,
    )
    for _ in range(2):
        answer = await site.client.post(
            LEAVE,
            content="List-Unsubscribe=One-Click",
            headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://mail.example"},
        )
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert await mode(site, user) == "NONE"
    assert not await site.tools.pool.fetchval("SELECT by_mail FROM notices.notifications")


async def test_looking_changes_nothing(site: Site) -> None:
    user = await site.user("bob")
    await wants_mail(site.tools.pool, user, TOKEN[::-1])
    for method in ("GET", "HEAD"):
        answer = await site.client.request(method, LEAVE)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "form-action 'self'" in answer.headers["content-security-policy"]
        assert await mode(site, user) == "AT_ONCE"
    assert BUTTON in (await site.client.get(LEAVE)).text


async def test_tokens_that_nobody_has(site: Site) -> None:
    user = await site.user("bob")
    await wants_mail(site.tools.pool, user, TOKEN[::-1])
    for path in ("/mail/unsubscribe", "/mail/confirm"):
        for query in ("", "?token=", "?token=x", "?token=%00", f"?token={TOKEN[:-1]}", f"?token={user}"):
            for method in ("GET", "POST"):
                assert (await site.client.request(method, path + query)).status_code == 404
    assert (await site.client.delete(LEAVE)).status_code == 405
    assert await mode(site, user) == "AT_ONCE"


async def test_confirming(site: Site) -> None:
    user = await site.user("bob")
    await wants_mail(site.tools.pool, user, "bob@example.com")
    pool = site.tools.pool
    await pool.execute("UPDATE notices.mail SET confirmed_at = NULL")
    sql = "INSERT INTO notices.confirmations VALUES ($1, 'secret', $1, 'bob@example.com', $2)"
    await pool.execute(sql, user, now())
    confirmed = "SELECT confirmed_at IS NOT NULL FROM notices.mail"
    assert BUTTON in (await site.client.get("/mail/confirm?token=secret")).text
    assert not await pool.fetchval(confirmed)
    answer = await site.client.post("/mail/confirm?token=secret")
    assert answer.status_code == 200
    assert "You will get mail from now on." in answer.text
    assert await pool.fetchval(confirmed)
    await mail_preferences.unsubscribe(pool, "bob@example.com"[::-1])
    answer = await site.client.post("/mail/confirm?token=secret")
    assert answer.status_code == 200
    assert "you will get no mail" in answer.text
    assert await mode(site, user) == "NONE"
    await pool.execute("UPDATE notices.confirmations SET asked_at = now() - interval '3 days'")
    for method in ("GET", "POST"):
        assert (await site.client.request(method, "/mail/confirm?token=secret")).status_code == 404
