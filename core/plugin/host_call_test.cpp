// call/1 as a module sees it. The exchange below is a stand-in; core/http and core/kernel test the real one over
// sockets.
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstring>
#include <thread>

#include "core/base/file_source.hpp"
#include "core/base/text.hpp"
#include "core/plugin/callback_gate.hpp"
#include "core/plugin/host.hpp"
#include "core/plugin/host_errors.hpp"
#include "core/plugin/lane.hpp"
#include "core/plugin/module_files_testing.hpp"
#include "core/plugin/recording_call.hpp"

namespace mortise::plugin {
namespace {

mortise_str S(std::string_view text) { return {text.data(), text.size()}; }

struct KeptStream : http::Stream {
  bool send(std::shared_ptr<const std::string> bytes) override {
    if (!isOpen) return false;
    sent += *bytes;
    return true;
  }
  void close() override { isOpen = false; }
  void abort() override { isCut = std::exchange(isOpen, false); }
  std::size_t queuedBytes() const override { return sent.size(); }
  bool open() const override { return isOpen; }
  void onClosed(std::function<void()> callback) override { closed = std::move(callback); }
  void onDrained(std::function<void()> callback) override { drained = std::move(callback); }
  std::string sent;
  bool isOpen = true, isCut = false;
  std::function<void()> closed, drained;
};

struct KeptSocket : http::WebSocket {
  bool send(http::Opcode opcode, std::string message) override {
    if (!isOpen) return false;
    sent.emplace_back(opcode, std::move(message));
    return true;
  }
  void close(int code, std::string reason) override { closes.emplace_back(code, std::move(reason)); }
  void pauseReading(bool paused) override { isPaused = paused; }
  std::size_t queuedBytes() const override { return sent.size(); }
  bool open() const override { return isOpen; }
  std::vector<std::pair<http::Opcode, std::string>> sent;
  std::vector<std::pair<int, std::string>> closes;
  bool isOpen = true, isPaused = false;
  Callbacks callbacks;  // as in a server whose callbacks live as long as the socket
};

struct KeptExchange : http::Exchange {
  const http::Head& head() const override { return head_; }
  const http::Peer& peer() const override { return peer_; }
  std::uint64_t connectionId() const override { return 1; }
  const std::string& requestId() const override { return id_; }
  std::chrono::steady_clock::time_point received() const override { return {}; }
  std::string_view body() const override { return "raw\0body"; }
  const std::shared_ptr<ByteSource>& spooled() const override { return spooled_; }
  const std::vector<http::Part>& parts() const override { return parts_; }
  bool reply(http::Reply) override { return false; }
  void admit(http::BodyPlan) override {}
  std::shared_ptr<http::Stream> startStream(int, http::Fields, std::string, std::chrono::seconds) override {
    return nullptr;
  }
  bool wantsWebSocket() const override { return true; }
  std::vector<std::string> offeredSubprotocols() const override { return {}; }
  std::shared_ptr<http::WebSocket> upgrade(http::WebSocket::Options, http::WebSocket::Callbacks,
                                           http::Fields) override {
    return nullptr;
  }
  bool clientGone() const override { return gone_; }
  void onClientGone(std::function<void()>) override {}
  http::Head head_;
  http::Peer peer_;
  std::string id_ = "r-1";
  std::shared_ptr<ByteSource> spooled_;
  std::vector<http::Part> parts_;
  bool gone_ = false;
};

class TestCall : public RecordingCall {
 public:
  TestCall() : RecordingCall("updateNote") {
    json::ParseError error;
    json::parse(R"({"id":"n-1","page":7,"deep":true,"ratio":0.5,"tags":["a","b"]})", parameters_, error);
    json::parse(R"({"title":"Hello"})", body_, error);
    exchange = std::make_shared<KeptExchange>();
    exchange_ = exchange;
  }
  const json::Value* parameter(mortise_in in, std::string_view name, std::size_t index) const override {
    const auto* value = in == MORTISE_IN_QUERY ? json::member(parameters_, name) : nullptr;
    if (value == nullptr || !value->IsArray()) return index == 0 ? value : nullptr;
    return index < value->Size() ? &(*value)[static_cast<rapidjson::SizeType>(index)] : nullptr;
  }
  std::string_view header(std::string_view name) const override { return name == "X-Color" ? "blue" : ""; }
  const json::Value* body() const override { return &body_; }
  bool permitted(std::string_view permission) const override { return permission == "notes.view"; }
  std::shared_ptr<http::Stream> openStream(const mortise_stream_options& options) override {
    streamStatus = options.status;
    heartbeat = options.heartbeat_seconds;
    return stream;
  }
  std::shared_ptr<http::WebSocket> upgrade(http::WebSocket::Options options,
                                           http::WebSocket::Callbacks callbacks) override {
    socketOptions = std::move(options);
    if (socket == nullptr) return nullptr;
    socket->callbacks = std::move(callbacks);
    if (greet) socket->callbacks.onMessage(http::Opcode::text, "early");
    return socket;
  }

  std::shared_ptr<KeptExchange> exchange;
  std::shared_ptr<KeptStream> stream = std::make_shared<KeptStream>();
  std::shared_ptr<KeptSocket> socket = std::make_shared<KeptSocket>();
  http::WebSocket::Options socketOptions;
  int streamStatus = 0, heartbeat = 0;
  bool greet = false;

 private:
  json::Document parameters_, body_;
};

class CallTable : public ::testing::Test {
 protected:
  CallTable() { call_.servedBy = &host_; }
  mortise_call* raw() { return reinterpret_cast<mortise_call*>(static_cast<Call*>(&call_)); }
  mortise_reply ok() {
    mortise_reply reply{};
    reply.struct_size = sizeof reply;
    reply.status = 200;
    reply.json = S("{}");
    return reply;
  }
  std::shared_ptr<const Manifest> manifest_ =
      testing::manifestOf(R"({"mortise_manifest":1,"module":{"name":"notes","version":"1","sdk":"1.0"}})");
  Host host_{manifest_, HostServices{}};
  TestCall call_;
  const mortise_call_v1& table_ = *static_cast<const mortise_call_v1*>(host_.raw()->lookup(host_.raw(), S("call/1")));
};

TEST_F(CallTable, GivesTypedParametersHeadersAndBody) {
  mortise_value value{};
  EXPECT_EQ(table_.parameter(raw(), MORTISE_IN_QUERY, S("id"), 0, &value), MORTISE_OK);
  EXPECT_EQ(view(value.as.text), "n-1");
  EXPECT_EQ(table_.parameter(raw(), MORTISE_IN_QUERY, S("page"), 0, &value), MORTISE_OK);
  EXPECT_EQ(value.type, MORTISE_INTEGER);
  EXPECT_EQ(value.as.integer, 7);
  EXPECT_EQ(table_.parameter(raw(), MORTISE_IN_QUERY, S("deep"), 0, &value), MORTISE_OK);
  EXPECT_EQ(value.type, MORTISE_BOOLEAN);
  EXPECT_EQ(table_.parameter(raw(), MORTISE_IN_QUERY, S("ratio"), 0, &value), MORTISE_OK);
  EXPECT_EQ(value.as.real, 0.5);
  EXPECT_EQ(table_.parameter(raw(), MORTISE_IN_QUERY, S("tags"), 1, &value), MORTISE_OK);
  EXPECT_EQ(view(value.as.text), "b");
  EXPECT_EQ(table_.parameter(raw(), MORTISE_IN_QUERY, S("tags"), 2, &value), MORTISE_NOT_FOUND);
  EXPECT_EQ(table_.parameter(raw(), MORTISE_IN_PATH, S("id"), 0, &value), MORTISE_NOT_FOUND);
  EXPECT_EQ(view(table_.header(raw(), S("X-Color"))), "blue");
  EXPECT_NE(table_.body(raw()), nullptr);
  EXPECT_EQ(view(table_.raw_body(raw())), "raw");
  EXPECT_EQ(table_.permitted(raw(), S("notes.view")), 1);
  EXPECT_EQ(table_.permitted(raw(), S("notes.admin")), 0);
  EXPECT_EQ(view(table_.operation_id(raw())), "updateNote");
}

TEST_F(CallTable, TheFirstAnswerCounts) {
  const auto reply = ok();
  EXPECT_EQ(table_.reply(raw(), &reply), MORTISE_OK);
  EXPECT_EQ(table_.reply(raw(), &reply), MORTISE_CLOSED);
  mortise_problem problem{};
  problem.struct_size = sizeof problem;
  problem.status = 404;
  EXPECT_EQ(table_.fail(raw(), &problem), MORTISE_CLOSED);
}

TEST_F(CallTable, AReplyThatBreaksARuleIsRefused) {
  auto reply = ok();
  reply.status = 404;
  EXPECT_EQ(table_.reply(raw(), &reply), MORTISE_INVALID);
  call_.hasEnvelope = false;
  reply.status = 600;
  EXPECT_EQ(table_.reply(raw(), &reply), MORTISE_INVALID);
  call_.hasEnvelope = true;
  reply = ok();
  mortise_pair field{S("X-Note"), S("a\r\nSet-Cookie: b")};
  reply.fields = &field;
  reply.fields_count = 1;
  EXPECT_EQ(table_.reply(raw(), &reply), MORTISE_INVALID);
  field = {S("Content-Length"), S("7")};
  EXPECT_EQ(table_.reply(raw(), &reply), MORTISE_INVALID);
  field = {S("X Note"), S("a")};
  EXPECT_EQ(table_.reply(raw(), &reply), MORTISE_INVALID);
  reply = ok();
  reply.struct_size = 8;
  EXPECT_EQ(table_.reply(raw(), &reply), MORTISE_INVALID);
  EXPECT_FALSE(call_.replied);
  field = {S("X-Note"), S("a")};
  reply = ok();
  reply.fields = &field;
  reply.fields_count = 1;
  EXPECT_EQ(table_.reply(raw(), &reply), MORTISE_OK);
  EXPECT_EQ(call_.replied->fields.at(0).first, "X-Note");
}

TEST_F(CallTable, APageMayTellAnErrorWhereThereIsNoEnvelope) {
  call_.hasEnvelope = false;
  auto reply = ok();
  reply.status = 404;
  reply.raw = S("<p>gone</p>");
  reply.content_type = S("text/html");
  EXPECT_EQ(table_.reply(raw(), &reply), MORTISE_OK);
  EXPECT_EQ(call_.replied->status, 404);
}

TEST_F(CallTable, AProblemCrossesWhole) {
  const mortise_pair parameter{S("min"), S("6")};
  mortise_field_error field{S("body/title"), S("string_too_short"), &parameter, 1};
  mortise_problem problem{};
  problem.struct_size = sizeof problem;
  problem.status = 422;
  problem.code = S("validation_failed");
  problem.details = S("{\"a\":1}");
  problem.note = S("for the log");
  problem.params = &parameter;
  problem.params_count = 1;
  problem.errors = &field;
  problem.errors_count = 1;
  problem.retry_after = 3;
  ASSERT_EQ(table_.fail(raw(), &problem), MORTISE_OK);
  ASSERT_TRUE(call_.failed);
  EXPECT_EQ(call_.failed->status, 422);
  EXPECT_EQ(call_.failed->code, "validation_failed");
  EXPECT_EQ(call_.failed->details, "{\"a\":1}");
  EXPECT_EQ(call_.failed->noteText, "for the log");
  EXPECT_EQ(call_.failed->retryAfter, 3);
  ASSERT_EQ(call_.failed->errors.size(), 1u);
  EXPECT_EQ(call_.failed->errors[0].location, (std::vector<std::string>{"body", "title"}));
  EXPECT_EQ(call_.failed->errors[0].params.at(0).second, "6");
}

TEST_F(CallTable, AStatusThatIsNoErrorBecomes500) {
  mortise_problem problem{};
  problem.struct_size = sizeof problem;
  problem.status = 200;
  problem.code = S("fine");
  ASSERT_EQ(table_.fail(raw(), &problem), MORTISE_OK);
  EXPECT_EQ(call_.failed->status, 500);
}

TEST_F(CallTable, PartsAndTheirFilesAreRead) {
  char name[] = "/tmp/mortise-part-XXXXXX";
  const int fd = ::mkstemp(name);
  ::unlink(name);
  ASSERT_EQ(::write(fd, "content", 7), 7);
  http::Part field, file;
  field.name = "title";
  field.value = "Hello";
  file.name = "upload";
  file.filename = "../../etc/passwd";
  file.isFile = true;
  file.file = std::make_shared<FileSource>(UniqueFd(fd), 7);
  call_.exchange->parts_ = {field, file};
  ASSERT_EQ(table_.parts(raw()), 2u);
  mortise_part part{};
  part.struct_size = sizeof part;
  ASSERT_EQ(table_.part(raw(), 0, &part), MORTISE_OK);
  EXPECT_EQ(view(part.value), "Hello");
  EXPECT_EQ(part.file, nullptr);
  ASSERT_EQ(table_.part(raw(), 1, &part), MORTISE_OK);
  EXPECT_EQ(part.is_file, 1);
  EXPECT_EQ(part.size, 7u);
  EXPECT_EQ(table_.file_size(part.file), 7u);
  char buffer[16];
  EXPECT_EQ(table_.file_read(part.file, 3, buffer, sizeof buffer), 4);
  EXPECT_EQ(std::string(buffer, 4), "tent");
  EXPECT_EQ(table_.part(raw(), 2, &part), MORTISE_NOT_FOUND);
  EXPECT_EQ(table_.body_file(raw()), nullptr);
  {
    const LaneScope lane(ThreadLane::loop);
    EXPECT_EQ(table_.file_read(part.file, 0, buffer, sizeof buffer), -1);
  }
  EXPECT_EQ(table_.reply_file(raw(), part.file, S("text/plain"), S("a\nb"), S("")), MORTISE_INVALID);
  mortise_file_reply whole{};
  whole.struct_size = sizeof whole;
  whole.status = 200;
  whole.content_type = S("text/plain");
  whole.etag = S("\"e\"");
  whole.last_modified = 1'700'000'000'000'000;
  const mortise_pair disposition = {S("Content-Disposition"), S("attachment; filename*=utf-8''n")};
  whole.fields = &disposition;
  whole.fields_count = 1;
  whole.download_name = S("n");
  EXPECT_EQ(table_.send_file(raw(), part.file, &whole), MORTISE_INVALID) << "two names";
  whole.download_name = S("");
  whole.status = 404;
  EXPECT_EQ(table_.send_file(raw(), part.file, &whole), MORTISE_INVALID) << "errors are not files";
  whole.status = 200;
  EXPECT_EQ(table_.send_file(raw(), nullptr, &whole), MORTISE_INVALID);
  EXPECT_EQ(table_.send_file(raw(), part.file, &whole), MORTISE_OK);
  EXPECT_EQ(call_.sentAs.fields.at(0).second, "attachment; filename*=utf-8''n");
  EXPECT_EQ(call_.sentAs.lastModified, 1'700'000'000'000'000);
  EXPECT_EQ(table_.reply_file(raw(), part.file, S("text/plain"), S("notes.txt"), S("\"e\"")), MORTISE_CLOSED);
  EXPECT_EQ(call_.sentFile, file.file);
  EXPECT_EQ(table_.reply_file(raw(), nullptr, S(""), S(""), S("")), MORTISE_INVALID);
}

TEST_F(CallTable, NullIsAnsweredNeutrally) {
  mortise_value value{};
  EXPECT_EQ(table_.operation_id(nullptr).size, 0u);
  EXPECT_EQ(table_.principal(nullptr), nullptr);
  EXPECT_EQ(table_.parameter(nullptr, MORTISE_IN_PATH, S("a"), 0, &value), MORTISE_INVALID);
  EXPECT_EQ(table_.reply(nullptr, nullptr), MORTISE_INVALID);
  EXPECT_EQ(table_.stream_open(nullptr, nullptr), nullptr);
  EXPECT_EQ(table_.upgrade(nullptr, nullptr), nullptr);
  table_.retain(nullptr);
  table_.release(nullptr);
  table_.stream_release(nullptr);
  table_.websocket_release(nullptr);
  EXPECT_EQ(table_.client_gone(nullptr), 1);
  EXPECT_EQ(table_.expired(nullptr), 1);
}

TEST_F(CallTable, SaysWhenNobodyWaitsForTheAnswerAnyMore) {
  EXPECT_EQ(table_.expired(raw()), 0);
  call_.isExpired = true;
  EXPECT_EQ(table_.expired(raw()), 1);
}

void count(void* context) { ++*static_cast<int*>(context); }

TEST_F(CallTable, AStreamSendsEventsAndTellsItsEnd) {
  int closed = 0;
  mortise_stream_options options{};
  options.struct_size = sizeof options;
  options.context = &closed;
  options.closed = &count;
  auto* stream = table_.stream_open(raw(), &options);
  ASSERT_NE(stream, nullptr);
  EXPECT_EQ(call_.streamStatus, 200);
  EXPECT_EQ(call_.heartbeat, 15);
  EXPECT_EQ(table_.stream_event(stream, S("tick"), S("1"), S("a\nb")), MORTISE_OK);
  EXPECT_EQ(call_.stream->sent, "event: tick\nid: 1\ndata: a\ndata: b\n\n");
  EXPECT_EQ(table_.stream_event(stream, S("ti\nck"), S(""), S("a")), MORTISE_INVALID);
  EXPECT_EQ(table_.stream_event(stream, S("tick"), S("1\r2"), S("a")), MORTISE_INVALID);
  EXPECT_EQ(table_.stream_write(stream, S(": hi\n\n")), MORTISE_OK);
  EXPECT_EQ(table_.stream_queued(stream), call_.stream->sent.size());
  call_.stream->closed();
  EXPECT_EQ(closed, 1);
  table_.stream_close(stream);
  EXPECT_EQ(table_.stream_event(stream, S("tick"), S(""), S("a")), MORTISE_CLOSED);
  table_.stream_release(stream);
  host_.takeBack();
  call_.stream->closed();  // the module is gone: no callback
  EXPECT_EQ(closed, 1);
}

TEST_F(CallTable, StreamsCanBeCutAndCallbacksSayThatTheyFailed) {
  mortise_stream_options options{};
  options.struct_size = sizeof options;
  auto* stream = table_.stream_open(raw(), &options);
  ASSERT_NE(stream, nullptr);
  table_.stream_abort(stream);
  EXPECT_TRUE(call_.stream->isCut);
  EXPECT_EQ(table_.stream_write(stream, S("late")), MORTISE_CLOSED);
  table_.stream_abort(stream);
  table_.stream_release(stream);
  table_.stream_abort(nullptr);
  table_.callback_failed(nullptr, S("stream closed"), S("nobody"));

  ::testing::internal::CaptureStderr();
  table_.callback_failed(host_.raw(), S("event notes.changed"), S("it broke\nagain"));
  {
    const CallOrigin origin{"watchNotes", "request-7"};
    const OriginScope scope(origin);
    table_.callback_failed(host_.raw(), S("stream closed"), S("it broke"));
    host_.gate()->run("stream closed", [] { throw std::runtime_error("thrown through"); });
  }
  const auto output = ::testing::internal::GetCapturedStderr();
  std::vector<std::string_view> lines;
  for (const auto line : text::split(output, '\n')) {
    if (line.find("a callback of a module failed") != std::string_view::npos) lines.push_back(line);
  }
  ASSERT_EQ(lines.size(), 3u) << output;
  EXPECT_NE(lines[0].find("event notes.changed"), std::string::npos) << lines[0];
  for (const std::size_t i : {1, 2}) {
    EXPECT_NE(lines[i].find("operation=watchNotes"), std::string::npos) << lines[i];
    EXPECT_NE(lines[i].find("request_id=request-7"), std::string::npos) << lines[i];
  }
}

struct Chat {
  const mortise_call_v1* table = nullptr;
  std::vector<std::string> heard;
  int closed = 0;
};

void hear(void* context, mortise_websocket* socket, int32_t binary, mortise_str message) {
  auto& chat = *static_cast<Chat*>(context);
  chat.heard.push_back((binary != 0 ? "b:" : "t:") + copy(message));
  chat.table->websocket_send(socket, 0, message);
}
void end(void* context, int32_t code, mortise_str) { static_cast<Chat*>(context)->closed = code; }

class Socket : public CallTable {
 protected:
  Socket() {
    chat_.table = &table_;
    options_.struct_size = sizeof options_;
    options_.context = &chat_;
    options_.message = &hear;
    options_.closed = &end;
  }
  Chat chat_;
  mortise_websocket_options options_{};
};

TEST_F(Socket, MessagesGoBothWaysUntilItIsClosed) {
  auto* socket = table_.upgrade(raw(), &options_);
  ASSERT_NE(socket, nullptr);
  call_.socket->callbacks.onMessage(http::Opcode::text, "hi");
  call_.socket->callbacks.onMessage(http::Opcode::binary, "\xff");
  EXPECT_EQ(chat_.heard, (std::vector<std::string>{"t:hi", "b:\xff"}));
  ASSERT_EQ(call_.socket->sent.size(), 1u);  // \xff is no text
  EXPECT_EQ(call_.socket->sent[0].second, "hi");
  table_.websocket_pause(socket, 1);
  EXPECT_TRUE(call_.socket->isPaused);
  const auto reason = std::string(122, 'a') + "\xc3\xa9";  // the frame cuts it: http's closePayload()
  table_.websocket_close(socket, 9, S(reason));
  EXPECT_EQ(call_.socket->closes.at(0), std::make_pair(1011, reason));
  call_.socket->callbacks.onClosed(1000, "bye");
  EXPECT_EQ(chat_.closed, 1000);
  call_.socket->callbacks.onMessage(http::Opcode::text, "late");
  EXPECT_EQ(chat_.heard.size(), 2u);
  call_.socket->isOpen = false;
  EXPECT_EQ(table_.websocket_send(socket, 0, S("x")), MORTISE_CLOSED);
  table_.websocket_release(socket);
}

TEST_F(Socket, AMessageMayComeBeforeUpgradeHasReturned) {
  call_.greet = true;
  auto* socket = table_.upgrade(raw(), &options_);
  ASSERT_NE(socket, nullptr);
  EXPECT_EQ(chat_.heard, std::vector<std::string>{"t:early"});
  table_.websocket_release(socket);
  call_.socket->callbacks.onMessage(http::Opcode::text, "still there");  // the connection keeps its side
  EXPECT_EQ(chat_.heard.size(), 2u);
  call_.socket->callbacks.onClosed(1006, "");
}

TEST_F(Socket, NothingReachesAModuleThatWasTakenBack) {
  auto* socket = table_.upgrade(raw(), &options_);
  host_.takeBack();
  call_.socket->callbacks.onMessage(http::Opcode::text, "hi");
  call_.socket->callbacks.onClosed(1001, "");
  EXPECT_TRUE(chat_.heard.empty());
  EXPECT_EQ(chat_.closed, 0);
  table_.websocket_release(socket);
}

TEST_F(Socket, OnlyAnOfferedSubprotocolIsTaken) {
  call_.exchange->head_.fields.add("Sec-WebSocket-Protocol", "chat.v1, chat.v2");
  mortise_str names[1];
  EXPECT_EQ(table_.offered_subprotocols(raw(), names, 1), 2u);
  EXPECT_EQ(view(names[0]), "chat.v1");
  options_.subprotocol = S("chat.v3");
  EXPECT_EQ(table_.upgrade(raw(), &options_), nullptr);
  options_.subprotocol = S("chat.v2");
  auto* socket = table_.upgrade(raw(), &options_);
  ASSERT_NE(socket, nullptr);
  EXPECT_EQ(call_.socketOptions.subprotocol, "chat.v2");
  call_.socket->callbacks.onClosed(1000, "");
  table_.websocket_release(socket);
}

TEST_F(Socket, ARefusedUpgradeGivesNothingAndLeaksNothing) {
  call_.socket.reset();
  EXPECT_EQ(table_.upgrade(raw(), &options_), nullptr);
}

}  // namespace
}  // namespace mortise::plugin
