"""A server of language models that speaks three wires, whole and streamed: OpenAI's chat completions, Anthropic's messages, Google's generateContent.

    with ModelsStandIn() as models:
        models.answer = lambda question: Said("Hello")     what it says; a question is a Question. At first it repeats the last message
        models.faults.append(Fault("status", 429, retry_after=1))     taken by the next request, one each; see Fault
        models.key = "sk-secret"                            when set, the API requires it
        models.questions                                    what was asked: Question
        models.url                                          http://127.0.0.1:PORT; the wires are at url + /v1 (both) and url + /v1beta

    python3 models_stand_in.py     serves until it is ended, prints its port; GET /control/fault?kind=&value=&retry_after=, /control/key?value=,
                                   /control/call?name=&arguments= (the next answer calls that function), /control/say?text=, /control/clear,
                                   /control/questions (JSON list: wire, streamed, headers in lower case, body),
                                   /control/script?answers= (JSON list of {text, calls: [{name, arguments}], pause, usage}: the next answers, in this order),
                                   /control/unknown?value= (a member of bodies that is refused with 400 from now on)

Shapes of requests, answers, events and errors are as the three vendors' documents have them; a request that breaks them is refused with 400."""
import collections
import json
import re
import sys
import time
import urllib.parse

from http_stand_in import HttpStandIn

Call = collections.namedtuple("Call", "name arguments")


class Said:
    """One answer."""

    def __init__(self, text="", calls=(), ending="stop", usage=(11, 7), pause=0):
        self.text, self.calls, self.ending, self.usage = text, list(calls), "tool_calls" if calls else ending, usage
        self.pause = pause  # seconds between two events of a stream, or a function that waits


class Question:
    """What was asked. `texts`: of all messages, system first, as (role, text)."""

    def __init__(self, wire, streamed, headers, body, texts):
        self.wire, self.streamed, self.headers, self.body, self.texts = wire, streamed, headers, body, texts

    @property
    def text(self):
        return self.texts[-1][1] if self.texts else ""


class Fault:
    """kind: status (value: the number), html (200 with a page), nonsense (200 with bytes that are no JSON), not_the_shape (200 with other JSON), error_in_200,
    too_long (400, as OpenAI says that a question has too many tokens), redirect (value: where), slow (value: seconds before the answer), trickle (value: seconds between single bytes), hang (until the client leaves), cut (half of
    the answer), endless, no_stream (answers a stream as a whole), bad_event (a stream with an event that is no JSON)."""

    def __init__(self, kind, value=None, retry_after=None):
        self.kind, self.value, self.retry_after = kind, value, retry_after


class Refused(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Refused(what)


class ModelsStandIn(HttpStandIn):
    def __init__(self, port=0):
        self.answer = lambda question: Said("You said: " + question.text)
        self.faults, self.questions, self.requests, self.key = [], [], [], None
        self.script, self.unknown = collections.deque(), set()
        self.models = [{"id": "judge-large", "owned_by": "stand-in"}, {"id": "judge-small", "owned_by": "stand-in"}]
        self.models_path = "/v1/models"
        super().__init__(port)

    def serve(self, handler):
        self._get(handler) if handler.command == "GET" else self._post(handler)

    # ---- requests ----------------------------------------------------------------------------------------------------

    def _get(self, handler):
        address = urllib.parse.urlsplit(handler.path)
        given = {name: values[0] for name, values in urllib.parse.parse_qs(address.query, keep_blank_values=True).items()}
        if address.path.startswith("/control/"):
            return self._control(handler, address.path.removeprefix("/control/"), given)
        self.requests.append(("GET", handler.path, {name.lower(): value for name, value in handler.headers.items()}))
        fault = self.faults.pop(0) if self.faults else None
        if self._faulty(handler, fault, "openai"):
            return None
        if address.path != self.models_path:
            return self._json(handler, 404, {"error": {"message": "Not Found", "type": "invalid_request_error", "code": None}})
        if not self._authorised(handler, "openai"):
            return None
        return self._json(handler, 200, self.models if isinstance(self.models, dict) else {"object": "list", "data": self.models})

    def _control(self, handler, action, given):
        """For tests that are no Python."""
        if action == "fault":
            value = given.get("value")
            self.faults.append(Fault(given["kind"], value, given.get("retry_after")))
        elif action == "key":
            self.key = given["value"] or None
        elif action == "say":
            self.answer = lambda question: Said(given["text"])
        elif action == "call":
            self.answer = lambda question: Said("", [Call(given["name"], json.loads(given["arguments"]))])
        elif action == "script":
            for one in json.loads(given["answers"]):
                calls = [Call(call["name"], call["arguments"]) for call in one.get("calls", [])]
                self.script.append(Said(one.get("text", ""), calls, usage=one.get("usage", (11, 7)), pause=one.get("pause", 0)))
        elif action == "unknown":
            self.unknown.add(given["value"])
        elif action == "clear":
            self.__init_again()
        shown = [{"wire": one.wire, "streamed": one.streamed, "headers": one.headers, "body": one.body} for one in self.questions]
        self._json(handler, 200, shown)

    def __init_again(self):
        self.answer = lambda question: Said("You said: " + question.text)
        self.key = None
        self.script.clear()
        self.unknown.clear()
        self.faults.clear()
        self.questions.clear()
        self.requests.clear()

    def _post(self, handler):
        raw = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        address = urllib.parse.urlsplit(handler.path)
        self.requests.append(("POST", handler.path, headers))
        google = re.fullmatch(r"/v1beta/models/([^/:]+):(generateContent|streamGenerateContent)", address.path)
        wire = {"/v1/chat/completions": "openai", "/v1/messages": "anthropic"}.get(address.path, "google" if google else None)
        if wire is None:
            return self._json(handler, 404, {"error": {"message": "Not Found"}})
        fault = self.faults.pop(0) if self.faults else None
        if self._faulty(handler, fault, wire) or not self._authorised(handler, wire):
            return None
        try:
            body = json.loads(raw)
            for name in self.unknown & body.keys():
                raise Refused(f"unknown member {name}")
            streamed, texts = {"openai": self._read_openai, "anthropic": self._read_anthropic, "google": self._read_google}[wire](body, headers)
            if google:
                streamed = google[2] == "streamGenerateContent"
                need(not streamed or "alt=sse" in address.query, "alt")
        except (Refused, KeyError, TypeError, ValueError) as reason:
            return self._error(handler, 400, wire, f"bad request: {reason}")
        question = Question(wire, streamed, headers, body, texts)
        self.questions.append(question)
        said = self.script.popleft() if self.script else self.answer(question)
        if isinstance(said, str):
            said = Said(said)
        whole = {"openai": self._whole_openai, "anthropic": self._whole_anthropic, "google": self._whole_google}[wire](said, body)
        if fault and fault.kind == "no_stream":
            streamed = False
        if not streamed:
            return self._json(handler, 200, whole, fault=fault)
        events = {"openai": self._events_openai, "anthropic": self._events_anthropic, "google": self._events_google}[wire](said, body)
        return self._stream(handler, events, fault, said.pause)

    def _authorised(self, handler, wire):
        given = {"openai": handler.headers.get("Authorization", ""), "anthropic": "Bearer " + handler.headers.get("x-api-key", ""),
                 "google": "Bearer " + handler.headers.get("x-goog-api-key", "")}[wire]
        if self.key is None or given == f"Bearer {self.key}":
            return True
        # As OpenAI does: a part of the key in the text.
        self._error(handler, 401, wire, f"Incorrect API key provided: {given[7:]}")
        return False

    # ---- faults ------------------------------------------------------------------------------------------------------

    def _faulty(self, handler, fault, wire):
        """Answers for those faults that come instead of an answer; whether it did."""
        kind, value = (fault.kind, fault.value) if fault else (None, None)
        if kind == "status":
            self._error(handler, int(value), wire, "told to fail", {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)})
        elif kind == "html":
            self._send(handler, 200, b"<!doctype html><html><body>Please sign in</body></html>", "text/html")
        elif kind == "nonsense":
            self._send(handler, 200, bytes(range(256)), "application/json")
        elif kind == "not_the_shape":
            self._json(handler, 200, value if isinstance(value, (dict, list)) else {"hello": ["world"]})
        elif kind == "error_in_200":
            self._json(handler, 200, {"error": {"message": "upstream failed", "code": 502}, "type": "error"})
        elif kind == "too_long":
            self._json(handler, 400, {"error": {"message": "This model's maximum context length is 4096 tokens. However, your messages resulted in 9000 tokens.",
                                                "type": "invalid_request_error", "param": "messages", "code": "context_length_exceeded"}})
        elif kind == "redirect":
            handler.send_response(302)
            handler.send_header("Location", value)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        elif kind == "hang":
            handler.rfile.read(1)  # until the client leaves
            handler.close_connection = True
        elif kind == "trickle":
            handler.send_response(200)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", "100000")
            handler.end_headers()
            handler.close_connection = True
            for _ in range(100000):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(float(value or 0.2))
        elif kind == "endless":
            handler.send_response(200)
            handler.end_headers()
            handler.close_connection = True
            while True:
                handler.wfile.write(b" " * 65536)
        else:
            if kind == "slow":
                time.sleep(float(value))
            return False
        return True

    def _error(self, handler, status, wire, message, headers=None):
        body = {"openai": {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}},
                "anthropic": {"type": "error", "error": {"type": "overloaded_error" if status == 529 else "invalid_request_error", "message": message}},
                "google": {"error": {"code": status, "message": message, "status": "INVALID_ARGUMENT"}}}[wire]
        self._json(handler, status, body, headers)

    def _send(self, handler, status, body, kind, headers=None, cut=False):
        handler.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            handler.close_connection = True

    def _json(self, handler, status, value, headers=None, fault=None):
        self._send(handler, status, json.dumps(value).encode(), "application/json", headers, cut=bool(fault and fault.kind == "cut"))

    def _stream(self, handler, events, fault, pause=0):
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream; charset=utf-8")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        if pause:
            for event in events:
                handler.wfile.write(event.encode())
                handler.wfile.flush()
                pause() if callable(pause) else time.sleep(pause)
            return
        text = b"".join(event.encode() for event in events)
        if fault and fault.kind == "bad_event":
            text = text[: len(text) // 2].rpartition(b"\n\n")[0] + b"\n\ndata: {not json\n\n"
        if fault and fault.kind == "cut":
            text = text[: len(text) // 2].rpartition(b"\n\n")[0] + b"\n\n"
        for start in range(0, len(text), 7):  # pieces that end anywhere
            handler.wfile.write(text[start:start + 7])
            handler.wfile.flush()

    # ---- OpenAI ------------------------------------------------------------------------------------------------------

    def _read_openai(self, body, headers):
        need(headers.get("content-type") == "application/json" and isinstance(body["model"], str) and body["messages"], "model, messages")
        texts = []
        for message in body["messages"]:
            need(message["role"] in ("system", "user", "assistant", "tool"), "role")
            need(isinstance(message["content"], str) or message.get("tool_calls"), "content")
            need(message["role"] != "tool" or message["tool_call_id"], "tool_call_id")
            for call in message.get("tool_calls", []):
                need(call["id"] and call["type"] == "function" and isinstance(call["function"]["arguments"], str), "tool_calls")
            texts.append((message["role"], message["content"] or ""))
        for tool in body.get("tools", []):
            need(tool["type"] == "function" and tool["function"]["name"] and isinstance(tool["function"]["parameters"], dict), "tools")
        need(isinstance(body.get("max_completion_tokens", 1), int) and isinstance(body.get("max_tokens", 1), int), "max_completion_tokens, max_tokens")
        return body.get("stream") is True, texts

    def _calls_openai(self, said):
        return [{"id": f"call_{number}", "type": "function", "function": {"name": call.name, "arguments": json.dumps(call.arguments)}}
                for number, call in enumerate(said.calls)]

    def _whole_openai(self, said, body):
        message = {"role": "assistant", "content": said.text or None}
        if said.calls:
            message["tool_calls"] = self._calls_openai(said)
        return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": said.ending}],
                "usage": {"prompt_tokens": said.usage[0], "completion_tokens": said.usage[1], "total_tokens": sum(said.usage)}}

    def _events_openai(self, said, body):
        def chunk(delta, ending=None, **more):
            return "data: " + json.dumps({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": body["model"],
                                          "choices": [{"index": 0, "delta": delta, "finish_reason": ending}], **more}) + "\n\n"

        yield ": a comment\n\n"
        yield chunk({"role": "assistant", "content": ""})
        for word in re.findall(r"\S+\s*|\s+", said.text):
            yield chunk({"content": word})
        for number, call in enumerate(self._calls_openai(said)):
            text = call["function"]["arguments"]
            yield chunk({"tool_calls": [{"index": number, "id": call["id"], "type": "function", "function": {"name": call["function"]["name"], "arguments": ""}}]})
            for start in range(0, len(text), 5):
                yield chunk({"tool_calls": [{"index": number, "function": {"arguments": text[start:start + 5]}}]})
        yield chunk({}, said.ending)
        if body.get("stream_options", {}).get("include_usage"):
            yield "data: " + json.dumps({"id": "chatcmpl-1", "model": body["model"], "choices": [],
                                         "usage": {"prompt_tokens": said.usage[0], "completion_tokens": said.usage[1]}}) + "\n\n"
        yield "data: [DONE]\n\n"

    # ---- Anthropic ---------------------------------------------------------------------------------------------------

    def _read_anthropic(self, body, headers):
        need(headers.get("anthropic-version") == "2023-06-01", "anthropic-version")
        need(isinstance(body["model"], str) and isinstance(body["max_tokens"], int) and body["messages"], "model, max_tokens, messages")
        texts = [("system", body["system"])] if "system" in body else []
        last = None
        for message in body["messages"]:
            need(message["role"] in ("user", "assistant") and message["role"] != last and message["content"], "roles must alternate")
            last = message["role"]
            for block in message["content"]:
                if block["type"] == "text":
                    need(block["text"], "text content blocks must be non-empty")
                    texts.append((last, block["text"]))
                elif block["type"] == "tool_use":
                    need(last == "assistant" and block["id"] and isinstance(block["input"], dict), "tool_use")
                else:
                    need(block["type"] == "tool_result" and last == "user" and block["tool_use_id"], "tool_result")
                    texts.append(("tool", block["content"]))
        for tool in body.get("tools", []):
            need(tool["name"] and tool["input_schema"]["type"] == "object", "tools")
        return body.get("stream") is True, texts

    _ANTHROPIC_ENDINGS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}

    def _whole_anthropic(self, said, body):
        content = [{"type": "text", "text": said.text}] if said.text else []
        content += [{"type": "tool_use", "id": f"toolu_{number}", "name": call.name, "input": call.arguments} for number, call in enumerate(said.calls)]
        return {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": content,
                "stop_reason": self._ANTHROPIC_ENDINGS[said.ending], "stop_sequence": None,
                "usage": {"input_tokens": said.usage[0], "output_tokens": said.usage[1]}}

    def _events_anthropic(self, said, body):
        def event(kind, **more):
            return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n"

        whole = self._whole_anthropic(said, body)
        yield event("message_start", message={**whole, "content": [], "stop_reason": None, "usage": {"input_tokens": said.usage[0], "output_tokens": 1}})
        yield event("ping")
        for index, block in enumerate(whole["content"]):
            if block["type"] == "text":
                yield event("content_block_start", index=index, content_block={"type": "text", "text": ""})
                for word in re.findall(r"\S+\s*|\s+", block["text"]):
                    yield event("content_block_delta", index=index, delta={"type": "text_delta", "text": word})
            else:
                yield event("content_block_start", index=index, content_block={**block, "input": {}})
                text = json.dumps(block["input"])
                for start in range(0, len(text), 5):
                    yield event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": text[start:start + 5]})
            yield event("content_block_stop", index=index)
        yield event("message_delta", delta={"stop_reason": whole["stop_reason"], "stop_sequence": None}, usage={"output_tokens": said.usage[1]})
        yield event("message_stop")

    # ---- Google ------------------------------------------------------------------------------------------------------

    def _read_google(self, body, headers):
        texts = [("system", part["text"]) for part in body.get("systemInstruction", {"parts": []})["parts"]]
        need(body["contents"], "contents")
        for content in body["contents"]:
            need(content["role"] in ("user", "model") and content["parts"], "contents")
            for part in content["parts"]:
                if "text" in part:
                    texts.append(("assistant" if content["role"] == "model" else "user", part["text"]))
                elif "functionResponse" in part:
                    need(part["functionResponse"]["name"] and isinstance(part["functionResponse"]["response"], dict), "functionResponse")
                    texts.append(("tool", part["functionResponse"]["response"].get("result", "")))
                else:
                    need(part["functionCall"]["name"] and isinstance(part["functionCall"]["args"], dict), "functionCall")
        for tool in body.get("tools", []):
            need(all(one["name"] and isinstance(one["parameters"], dict) for one in tool["functionDeclarations"]), "tools")
        return False, texts

    _GOOGLE_ENDINGS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}

    def _google(self, parts, said, ending=None):
        candidate = {"content": {"role": "model", "parts": parts}, "index": 0}
        if ending:
            candidate["finishReason"] = self._GOOGLE_ENDINGS[ending]
        return {"candidates": [candidate], "modelVersion": "gemini-stand-in",
                "usageMetadata": {"promptTokenCount": said.usage[0], "candidatesTokenCount": said.usage[1], "totalTokenCount": sum(said.usage)}}

    def _whole_google(self, said, body):
        parts = [{"text": said.text}] if said.text else []
        parts += [{"functionCall": {"name": call.name, "args": call.arguments}} for call in said.calls]
        return self._google(parts, said, said.ending)

    def _events_google(self, said, body):
        for word in re.findall(r"\S+\s*|\s+", said.text):
            yield "data: " + json.dumps(self._google([{"text": word}], said)) + "\r\n\r\n"
        calls = [{"functionCall": {"name": call.name, "args": call.arguments}} for call in said.calls]
        yield "data: " + json.dumps(self._google(calls or [{"text": ""}], said, said.ending)) + "\r\n\r\n"


def main():
    ModelsStandIn(int(sys.argv[1]) if len(sys.argv) > 1 else 0).run()


if __name__ == "__main__":
    main()
