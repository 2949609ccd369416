"""The Quart app of the understudies: their routes, and the control API that scripts them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import trio
from quart import Response, request
from quart_trio import QuartTrio

from aurora.sandbox import commerce, decision, mail, photos, vision, weather
from aurora.sandbox.misbehave import JSON, misbehave
from aurora.sandbox.script import UPSTREAMS, BadScriptError, Call, Rule, Sandbox, Step, parse, script_in_text

DEADLINE_HEADER = "X-Aurora-Deadline-Ms"
AUTH_HEADERS = ("X-API-Key", "Authorization", "X-Checkout-Token")
Healthy = Callable[[str], dict[str, Any] | Response]
MAX_BODY_BYTES = 32 * 1024 * 1024  # of the largest photo, with some room


class ScriptRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST /_sandbox/script`: a `Rule` whose `behaviour` is a text and whose `body` is any JSON."""

    upstream: str = "*"
    behaviour: str = ""
    times: int | None = 1
    match: str = ""
    body: Any = msgspec.UNSET


def create_sandbox(sandbox: Sandbox | None = None, *, control: bool = False) -> QuartTrio:
    """The app. sandbox: its rules and calls, to script it without HTTP. control: mount `/_sandbox/*`.

    Without control, and without a `sandbox` that says otherwise, calls keep no texts: that is mock mode.
    """
    state = sandbox or Sandbox(keep_texts=control)
    app = QuartTrio("aurora.sandbox")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    # Stalls are the point here: no framework limit may end them.
    app.config["BODY_TIMEOUT"] = None
    app.config["RESPONSE_TIMEOUT"] = None

    @app.post("/api/chat")
    async def chat() -> Response:
        body = await _json_object()
        query = body.get("query")
        if not isinstance(query, str) or not query:
            return _json({"error": "query is required"}, 400)
        anchor = body.get("anchor_product_id")
        return await _play(
            state,
            "decision",
            query,
            body,
            lambda stub: decision.reply(
                query, anchor_id=anchor if isinstance(anchor, str) else "", stub=stub
            ),
        )

    @app.get("/agent/v1/products/search")
    @app.get("/agent/v1/beauty/products/search")
    async def search() -> Response:
        query = request.args.get("query", "")
        limit = request.args.get("limit", 8, type=int) or 8
        lang = commerce.lang_of(query)
        return await _play(
            state,
            "commerce",
            query,
            dict(request.args),
            lambda _: commerce.search(query, max(1, min(limit, 12)), lang),
        )

    @app.post("/agent/v1/products/resolve")
    async def resolve() -> Response:
        body = await _json_object()
        return await _play(
            state, "commerce", str(body.get("query", "")), body, lambda _: commerce.resolve(body)
        )

    @app.post("/agent/shop/v1/invoke")
    async def invoke() -> Response:
        body = await _json_object()
        return await _play(
            state, "commerce", str(body.get("payload", "")), body, lambda _: commerce.invoke(body)
        )

    @app.post("/api/offers/external/resolve")
    async def offer() -> Response:
        body = await _json_object()
        return await _play(state, "commerce", str(body.get("url", "")), body, lambda _: commerce.offer(body))

    _photo_bridge(app, state)
    _vision_models(app, state)
    _mail_api(app, state)

    @app.get("/v1/search")
    async def geocode() -> Response:
        name = request.args.get("name", "")
        return await _play(state, "weather", name, dict(request.args), lambda _: weather.geocode(name))

    @app.get("/v1/forecast")
    async def forecast() -> Response:
        asked = dict(request.args)
        refusal = weather.refused(asked)
        if refusal is not None:
            return _json(refusal, 400)
        place = f"{asked['latitude']},{asked['longitude']}"
        return await _play(state, "weather", place, asked, lambda _: weather.forecast(asked))

    if control:
        _control(app, state)
    return app


def _mail_api(app: QuartTrio, state: Sandbox) -> None:
    # What was sent stands in the mailbox alone, never among the calls: it holds a code.
    @app.post("/emails")
    async def emails() -> Response:
        body = await _json_object()
        refusal = mail.refused(body, request.headers.get("Authorization", ""))
        if refusal is not None:
            return _json(refusal[1], refusal[0])
        return await _play(state, "mail", "", {}, lambda _: state.mailbox.take(body))


def _vision_models(app: QuartTrio, state: Sandbox) -> None:
    # What was asked is noted without the photo.
    @app.post("/chat/completions")
    async def openai() -> Response:
        prompt = vision.prompt_of_openai(await _json_object())
        return await _play(state, "vision", prompt, {}, lambda stub: vision.openai(prompt, stub))

    @app.post("/v1beta/models/<model>:generateContent")
    async def gemini(model: str) -> Response:
        prompt = vision.prompt_of_gemini(await _json_object())
        return await _play(
            state, "vision", prompt, {"model": model}, lambda stub: vision.gemini(prompt, stub)
        )


def _photo_bridge(app: QuartTrio, state: Sandbox) -> None:
    store = photos.PhotoStore()

    def base() -> str:
        return request.host_url.rstrip("/")

    @app.post("/photos/presign")
    async def presign() -> Response:
        body = await _json_object()
        address = base()
        return await _play(state, "photos", "presign", body, lambda _: store.presign(address, body))

    @app.post("/photos/confirm")
    async def confirm() -> Response:
        body = await _json_object()
        return await _play(state, "photos", "confirm", body, photos.check)

    @app.get("/photos/qc")
    async def qc() -> Response:
        return await _play(state, "photos", "qc", dict(request.args), photos.check)

    @app.get("/photos/download-url")
    async def download_url() -> Response:
        found = store.download_url(base(), request.args.get("upload_id", ""))
        if found is None:
            return _json({"error": "no such photo"}, 404)
        return await _play(state, "photos", "download-url", dict(request.args), lambda _: found)

    @app.route(f"{photos.STORAGE}/<photo_id>", methods=["GET", "PUT"])
    async def storage(photo_id: str) -> Response:
        secret = request.args.get("X-Amz-Signature", "")
        photo: bytes = await request.get_data(as_text=False)  # type: ignore[assignment]  # bytes, when told so

        def healthy(_: str) -> Response:
            if request.method == "PUT":
                return Response(b"", store.put(photo_id, secret, photo))
            found = store.get(photo_id, secret)
            if found is None:
                refused = b"<Error><Code>AccessDenied</Code></Error>"
                return Response(refused, 403, content_type="application/xml")
            return Response(found.photo or b"", 200, content_type=found.content_type)

        return await _play(state, "storage", request.method, {}, healthy)


async def _play(state: Sandbox, upstream: str, text: str, body: dict[str, Any], healthy: Healthy) -> Response:
    """Note the call, follow its script, answer. healthy: stub token -> the normal answer."""
    rule = state.rule_for(upstream, text)
    written = request.headers.get("X-Sandbox-Script") or script_in_text(text)
    try:
        steps = parse(written) if written else rule.steps if rule else ()
    except BadScriptError as error:
        return _json({"error": str(error)}, 400)
    call = _opened(state, upstream, text, body, ",".join(step.name for step in steps))
    state.in_flight += 1
    started = trio.current_time()
    try:
        response = await _follow(rule, steps, healthy, call)
        if call.ended == "open":
            call.ended = "misbehaved" if steps and steps[-1].name not in ("latency", "stub") else "answered"
    except trio.Cancelled:
        if call.ended == "open":
            call.ended = "client_closed"
        raise
    finally:
        state.in_flight -= 1
        call.elapsed_ms = round((trio.current_time() - started) * 1000)
    return response


async def _follow(rule: Rule | None, steps: tuple[Step, ...], healthy: Healthy, call: Call) -> Response:
    stub = ""
    for step in steps:
        if step.name == "latency":
            await trio.sleep(step.number / 1000)
        elif step.name == "stub":
            stub = step.word
        else:
            spoilt = healthy(stub)
            return await misbehave(step, {} if isinstance(spoilt, Response) else spoilt, call)
    if rule is not None and rule.body is not None:
        return Response(rule.body, 200, content_type=JSON)
    answer = healthy(stub)
    return answer if isinstance(answer, Response) else _json(answer)


def _opened(state: Sandbox, upstream: str, text: str, body: dict[str, Any], script: str) -> Call:
    deadline = request.headers.get(DEADLINE_HEADER, "")
    state.total += 1
    call = Call(
        number=state.total,
        upstream=upstream,
        method=request.method,
        path=request.path,
        query=text if state.keep_texts else "",
        body=body if state.keep_texts else {},
        script=script,
        deadline_ms=int(deadline) if deadline.isdigit() else None,
        authorised=bool(request.headers.get("X-API-Key") or request.headers.get("Authorization")),
        auth=[name for name in AUTH_HEADERS if name in request.headers],
        started_ms=round(trio.current_time() * 1000),
    )
    state.calls.append(call)
    return call


def _control(app: QuartTrio, state: Sandbox) -> None:
    @app.post("/_sandbox/script")
    async def script() -> Response:
        try:
            wanted = msgspec.json.decode(await request.get_data(), type=ScriptRequest)
            if wanted.upstream not in UPSTREAMS:
                return _json({"error": f"upstream is one of {', '.join(UPSTREAMS)}"}, 400)
            state.script(
                wanted.upstream,  # type: ignore[arg-type]  # checked on the line above
                wanted.behaviour,
                times=wanted.times,
                match=wanted.match,
                body=None if wanted.body is msgspec.UNSET else msgspec.json.encode(wanted.body),
            )
        except (msgspec.MsgspecError, BadScriptError) as error:
            return _json({"error": str(error)}, 400)
        return _json({"ok": True, "queued": len(state.rules)})

    @app.get("/_sandbox/calls")
    async def calls() -> Response:
        upstream = request.args.get("upstream")
        listed = [call for call in state.calls if upstream in (None, call.upstream)]
        return _json({"total": state.total, "in_flight": state.in_flight, "calls": listed})

    @app.get("/_sandbox/mails")
    async def mails() -> Response:
        to = request.args.get("to")
        listed = [each for each in state.mailbox.mails if to is None or to in each.to]
        return _json({"mails": listed})

    @app.post("/_sandbox/reset")
    async def reset() -> Response:
        state.reset()
        return _json({"ok": True})

    @app.get("/_sandbox/healthz")
    async def health() -> Response:
        return _json({"ok": True})


async def _json_object() -> dict[str, Any]:
    try:
        body = msgspec.json.decode(await request.get_data())
    except (msgspec.DecodeError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _json(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, content_type=JSON)
