#include "sandbox/web_sockets.hpp"

#include <mortise/problem.hpp>

#include <pthread.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <exception>
#include <future>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>

#include "sandbox/service_problem.hpp"

namespace agent::sandbox {
namespace {

using namespace std::chrono_literals;
using mortise::Problem;
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using Error = boost::system::error_code;

constexpr auto kLimit = 10s;    // to resolve a name; to connect; to shake hands; to close
constexpr auto kSilence = 60s;  // of a service that was pinged halfway
constexpr auto kAskStopped = 50ms;
constexpr std::size_t kPiece = 64U << 10U;
constexpr std::size_t kMaxMessageText = 32U << 20U;  // towards the service: more than a browser's client has waiting
constexpr std::size_t kMaxAddresses = 16;

struct Connection {
  Connection(asio::io_context& context, int fd) : far(context), near(context, asio::local::stream_protocol(), fd) {}

  websocket::stream<beast::tcp_stream> far;
  asio::local::stream_protocol::socket near;
  WebSockets::Content content{};
  std::function<void()> failed;

  // Both sides; `why`: what the service's side came to, if that is the reason.
  void cut(const Error& why = {}) {
    const bool closed = why == websocket::error::closed || why == asio::error::operation_aborted;
    if (near.is_open() && why && !closed && failed) failed();
    Error ignored;
    near.close(ignored);
    far.next_layer().close();
  }
};
using Ptr = std::shared_ptr<Connection>;

asio::redirect_error_t<asio::use_awaitable_t<>> into(Error& error) {
  return asio::redirect_error(asio::use_awaitable, error);
}

// From the service to whoever has the descriptor.
asio::awaitable<void> carryDown(Ptr connection) {
  auto& far = connection->far;
  auto& near = connection->near;
  const auto content = connection->content;
  const auto piece = std::make_unique<std::array<char, kPiece>>();
  const bool texts = content == WebSockets::Content::texts;
  Error ofFar, ofNear;
  while (!ofNear) {
    const auto size = co_await far.async_read_some(asio::buffer(*piece), into(ofFar));
    if (!ofFar && far.got_text() != texts) ofFar = websocket::error::bad_opcode;
    if (ofFar) break;
    co_await asio::async_write(near, asio::buffer(*piece, size), into(ofNear));
    if (!ofNear && texts && far.is_message_done())
      co_await asio::async_write(near, asio::buffer("\0", 1), into(ofNear));
  }
  connection->cut(ofFar);
}

asio::awaitable<void> carryUp(Ptr connection) {
  auto& far = connection->far;
  auto& near = connection->near;
  const auto content = connection->content;
  const auto piece = std::make_unique<std::array<char, kPiece>>();
  std::string text;
  Error ofFar, ofNear;
  far.binary(content == WebSockets::Content::bytes);
  while (!ofFar) {
    const auto size = co_await near.async_read_some(asio::buffer(*piece), into(ofNear));
    if (ofNear) break;
    if (content == WebSockets::Content::bytes) {
      co_await far.async_write(asio::buffer(*piece, size), into(ofFar));
      continue;
    }
    for (std::string_view rest(piece->data(), size); !rest.empty() && !ofFar;) {
      const auto end = rest.find('\0');
      text.append(rest.substr(0, end));
      if (text.size() > kMaxMessageText) ofFar = asio::error::message_size;
      if (end == std::string_view::npos || ofFar) break;
      co_await far.async_write(asio::buffer(text), into(ofFar));
      text.clear();
      rest.remove_prefix(end + 1);
    }
  }
  if (near.is_open() && ofNear == asio::error::eof) {
    Error ignored;
    co_await far.async_close(websocket::close_code::normal, into(ignored));
  }
  connection->cut(ofFar);
}

// `done` gets why there is no connection; empty: there is.
asio::awaitable<void> begin(Ptr connection, WebSockets::Place place, std::shared_ptr<std::promise<std::string>> done) {
  std::string why;
  try {
    auto& far = connection->far;
    auto& lowest = far.next_layer();
    lowest.expires_after(kLimit);
    co_await lowest.async_connect({asio::ip::make_address(place.address), place.port}, asio::use_awaitable);
    lowest.socket().set_option(asio::ip::tcp::no_delay(true));
    lowest.expires_never();
    far.set_option(websocket::stream_base::timeout{kLimit, kSilence, true});
    // Both kinds of servers read messages of one frame only; the reader of a message decides how long it may be.
    far.auto_fragment(false);
    far.write_buffer_bytes(kPiece);
    far.read_message_max(0);
    co_await far.async_handshake(place.host, place.target, asio::use_awaitable);
  } catch (const std::exception& error) {
    why = error.what();
  }
  if (!why.empty()) {
    connection->cut();
    done->set_value(why);
    co_return;
  }
  done->set_value({});
  asio::co_spawn(connection->near.get_executor(), carryUp(connection), asio::detached);
  co_await carryDown(connection);
}

// Waits for what the thread gives; empty when it is not there in time.
template <class Value>
std::optional<Value> awaited(std::future<Value> future, const Stopped& stopped, std::chrono::milliseconds most) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  while (future.wait_for(kAskStopped) != std::future_status::ready) {
    if ((stopped && stopped()) || std::chrono::steady_clock::now() >= deadline) return std::nullopt;
  }
  return future.get();
}

}  // namespace

struct WebSockets::State {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> working{context.get_executor()};
  std::thread thread{[this] {
    pthread_setname_np(pthread_self(), "agent-services");
    context.run();
  }};
};

WebSockets::WebSockets() : state_(std::make_unique<State>()) {}

WebSockets::~WebSockets() {
  state_->context.stop();
  state_->thread.join();
}

std::vector<std::string> WebSockets::addressesOf(const std::string& host, const Stopped& stopped) {
  auto done = std::make_shared<std::promise<std::vector<std::string>>>();
  auto future = done->get_future();
  const auto resolver = std::make_shared<asio::ip::tcp::resolver>(state_->context);
  resolver->async_resolve(host, "", [done, resolver](const Error&, const auto& results) {
    std::vector<std::string> out;
    for (const auto& entry : results) {
      if (out.size() < kMaxAddresses) out.push_back(entry.endpoint().address().to_string());
    }
    done->set_value(std::move(out));
  });
  auto addresses = awaited(std::move(future), stopped, kLimit);
  if (!addresses || addresses->empty()) throw streamUnavailable("no address is known of " + host);
  return std::move(*addresses);
}

Fd WebSockets::open(const Place& place, Content content, const Stopped& stopped, std::function<void()> failed) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
    throw Problem(503, "sandbox_busy").retryAfter(5).note("no descriptor is left");
  Fd mine(ends[0]);
  const auto connection = std::make_shared<Connection>(state_->context, ends[1]);
  connection->content = content;
  connection->failed = std::move(failed);
  auto done = std::make_shared<std::promise<std::string>>();
  auto future = done->get_future();
  asio::co_spawn(state_->context, begin(connection, place, done), asio::detached);
  const auto why = awaited(std::move(future), stopped, 2 * kLimit + 1s);
  if (why && why->empty()) return mine;
  asio::post(state_->context, [connection] { connection->cut(); });
  throw streamUnavailable(place.host + ": " + why.value_or("no connection in time"));
}

}  // namespace agent::sandbox
