#include <Poco/Exception.h>
#include <Poco/Net/AcceptCertificateHandler.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/DNS.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/RejectCertificateHandler.h>
#include <Poco/Net/SSLManager.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "core/base/text.hpp"
#include "core/ops/log.hpp"
#include "core/services/mail/transport.hpp"

namespace mortise::services::mail {
namespace {

struct Relay {
  std::string host, user, password;
  int port = 25;
  bool tls = false;  // smtps: from the first byte
  bool tlsRequired = false;
  bool plainAuthAllowed = false;
};

[[noreturn]] void refuseUrl(const std::string& why) {
  throw ServiceError(
      ErrorKind::invalid,
      "mail.url: " + why + "; write smtp://[user:password@]host[:port][?starttls=required] or smtps://...");
}

Relay parseRelay(std::string_view url) {
  Relay relay;
  relay.tls = url.starts_with("smtps://");
  relay.port = relay.tls ? 465 : 25;
  url.remove_prefix(relay.tls ? 8 : 7);
  const auto query = url.find('?');
  if (query != std::string_view::npos) {
    for (const auto pair : text::split(url.substr(query + 1), '&')) {
      if (pair == "starttls=required") {
        relay.tlsRequired = true;
      } else if (pair == "allow_plain_auth=1") {
        relay.plainAuthAllowed = true;
      } else {
        refuseUrl("unknown parameter " + std::string(pair));
      }
    }
    url = url.substr(0, query);
  }
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    const auto login = url.substr(0, at);
    const auto colon = login.find(':');
    if (colon == std::string_view::npos) refuseUrl("the password is missing");
    const auto user = text::percentDecode(login.substr(0, colon));
    const auto password = text::percentDecode(login.substr(colon + 1));
    if (!user || !password || user->empty()) refuseUrl("user or password is not percent-encoded UTF-8");
    relay.user = *user;
    relay.password = *password;
    url.remove_prefix(at + 1);
  }
  if (url.ends_with('/')) url.remove_suffix(1);
  std::string_view port;
  if (url.starts_with('[')) {
    const auto end = url.find(']');
    if (end == std::string_view::npos) refuseUrl("] is missing");
    relay.host = url.substr(1, end - 1);
    port = url.substr(end + 1);
  } else {
    relay.host = url.substr(0, url.find(':'));
    port = url.substr(relay.host.size());
  }
  if (relay.host.empty() || relay.host.find('/') != std::string::npos) refuseUrl("the host is missing or holds /");
  if (!port.empty()) {
    const char* end = port.data() + port.size();
    const auto [at, error] = std::from_chars(port.data() + 1, end, relay.port);
    if (port.front() != ':' || error != std::errc{} || at != end || relay.port < 1 || relay.port > 65535) {
      refuseUrl("port " + std::string(port) + " is not a number from 1 to 65535");
    }
  }
  return relay;
}

// How far a dialogue has come.
enum class Stage : std::uint8_t { sender, recipient, content };

// A 5xx answer that concerns who sends, not the mail: the relay wants a password or TLS (RFC 4954, 3207), or its policy is
// against this client ("554 5.7.1 Relay access denied"). Many say so only when they are told a recipient.
bool concernsSender(int status, std::string_view answer, Stage stage) {
  if (status == 530 || status == 534 || status == 535 || status == 538) return true;
  constexpr std::size_t kStatus = 4;  // "554 " or "554-"
  return stage == Stage::recipient && answer.size() > kStatus && answer.substr(kStatus).starts_with("5.7.");
}

struct Answer {
  int status = 0;  // 0: the relay closed the connection
  std::string text{};
};

// What is said to one relay. Its answers are bounded, in bytes and in time: before TLS any machine on the way may be
// the relay, and Poco's SMTPClientSession reads lines without end.
class Session {
 public:
  Session(const Poco::Net::StreamSocket& socket, std::chrono::milliseconds timeout)
      : socket_(socket), timeout_(timeout) {}

  // All lines of it, with their status.
  Answer answer() {
    const auto end = std::chrono::steady_clock::now() + timeout_;
    Answer answer;
    for (;;) {
      const auto line = readLine(kMaxAnswer - answer.text.size(), end);
      if (!line) return {};
      if (!answer.text.empty()) answer.text += '\n';
      answer.text += *line;
      if (line->size() > 3 && (*line)[3] == '-') continue;
      const char* const digits = answer.text.data() + answer.text.size() - line->size();
      std::from_chars(digits, digits + std::min<std::size_t>(line->size(), 3), answer.status);
      if (answer.status == 0) throw Poco::Net::NetException("the relay does not speak SMTP");
      return answer;
    }
  }
  Answer command(const std::string& line) {
    send(line + "\r\n");
    return answer();
  }
  // The answer to EHLO; empty when the relay knows HELO only.
  std::string greet(const std::string& self) {
    auto reply = command("EHLO " + self);
    if (reply.status / 100 == 2) return std::move(reply.text);
    if (reply.status / 100 == 5) reply = command("HELO " + self);
    if (reply.status / 100 != 2) throw Poco::Net::NetException("the relay refuses the greeting", reply.text);
    return {};
  }
  void startTls(const std::string& host, const Poco::Net::Context::Ptr& context) {
    received_.clear();  // what a man in the middle may have sent before the handshake
    socket_ = Poco::Net::SecureStreamSocket::attach(socket_, host, context);
  }
  // AUTH PLAIN or AUTH LOGIN.
  Answer authenticate(bool plain, const std::string& user, const std::string& password) {
    if (plain) return command("AUTH PLAIN " + text::base64(std::string(1, '\0') + user + '\0' + password));
    for (const auto& line : {std::string("AUTH LOGIN"), text::base64(user)}) {
      if (auto reply = command(line); reply.status != 334) return reply;
    }
    return command(text::base64(password));
  }
  // `keyword` at the start of a line of the EHLO answer, with `value` among its words.
  static bool offers(const std::string& capabilities, std::string_view keyword, std::string_view value = {}) {
    for (auto line : text::split(capabilities, '\n')) {
      line = text::trim(line);
      if (line.size() > 4) line.remove_prefix(4);  // the status
      std::string words(line);
      std::replace(words.begin(), words.end(), '=', ' ');
      const auto parts = text::split(words, ' ');
      if (!text::equalsIgnoreCase(parts.front(), keyword)) continue;
      if (value.empty()) return true;
      for (const auto word : parts) {
        if (text::equalsIgnoreCase(word, value)) return true;
      }
    }
    return false;
  }
  void body(std::string_view message) {
    std::string stuffed;
    stuffed.reserve(message.size() + 64);
    bool lineStart = true;
    for (const char c : message) {
      if (lineStart && c == '.') stuffed += '.';
      stuffed += c;
      lineStart = c == '\n';
    }
    if (!stuffed.ends_with("\r\n")) stuffed += "\r\n";
    send(stuffed);
  }
  void close() {
    command("QUIT");
    socket_.close();
  }
  // No QUIT and no waiting, because the dialogue failed.
  void abandon() { socket_.close(); }

 private:
  using Moment = std::chrono::steady_clock::time_point;
  static constexpr std::size_t kMaxAnswer = 64 << 10;

  // Without its end; nothing when the connection was closed.
  std::optional<std::string> readLine(std::size_t most, Moment end) {
    std::size_t seen = 0;
    for (;;) {
      const auto at = received_.find('\n', seen);
      if (std::min(at, received_.size()) > most) throw Poco::Net::NetException("the relay's answer is too long");
      if (at != std::string::npos) {
        auto line = received_.substr(0, at);
        received_.erase(0, at + 1);
        if (line.ends_with('\r')) line.pop_back();
        return line;
      }
      seen = received_.size();
      const auto left =
          std::chrono::duration_cast<std::chrono::microseconds>(end - std::chrono::steady_clock::now()).count();
      if (left <= 0) throw Poco::TimeoutException();
      socket_.setReceiveTimeout(Poco::Timespan(left));
      std::array<char, 4096> piece{};
      const int count = socket_.receiveBytes(piece.data(), static_cast<int>(piece.size()));
      if (count <= 0) return std::nullopt;
      received_.append(piece.data(), static_cast<std::size_t>(count));
    }
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const int count = socket_.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
      if (count <= 0) throw Poco::Net::NetException("connection closed while sending");
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  Poco::Net::StreamSocket socket_;
  const std::chrono::milliseconds timeout_;
  std::string received_;
};

class Smtp final : public Transport {
 public:
  Smtp(Relay relay, const MailerOptions& options) : relay_(std::move(relay)), options_(options) {
    Poco::Net::initializeSSL();
    Poco::Net::SSLManager::instance().initializeClient(nullptr, new Poco::Net::RejectCertificateHandler(false),
                                                       nullptr);
    try {
      context_ = new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, options.caFile,
                                        Poco::Net::Context::VERIFY_STRICT, 9, true, "HIGH:!aNULL:!eNULL");
      context_->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
      context_->enableExtendedCertificateVerification(true);
    } catch (const Poco::Exception& error) {
      throw ServiceError(ErrorKind::invalid, "mail: trust anchors can't be loaded: " + error.displayText());
    }
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) == 0) self_ = name.data();
    const bool usable = !self_.empty() && std::all_of(self_.begin(), self_.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
    if (!usable) self_ = "localhost";
  }

  void deliver(const Envelope& envelope) override { converse(envelope.from, &envelope); }
  void probe(const std::string& from) override { converse(from, nullptr); }

  void interrupt() override {
    std::lock_guard lock(mutex_);
    interrupted_ = true;
    for (const int fd : sockets_) ::shutdown(fd, SHUT_RDWR);
  }

 private:
  // One dialogue with the relay; without an envelope it ends where the relay would take a mail.
  void converse(const std::string& from, const Envelope* envelope) {
    auto stage = Stage::sender;
    try {
      Poco::Net::StreamSocket socket = connect();
      const Registration registration(*this, socket.impl()->sockfd());
      Session session(socket, options_.timeout);
      try {
        begin(session, from);
        if (envelope != nullptr) {
          stage = Stage::recipient;
          require(session.command("RCPT TO:<" + envelope->to + ">"), stage);
          stage = Stage::content;
          hand(session, envelope->message);
        }
      } catch (...) {
        session.abandon();
        throw;
      }
      try {
        session.close();
      } catch (const Poco::Exception&) {
        // What was wanted is done; the answer to QUIT does not matter.
      }
    } catch (const Poco::TimeoutException&) {
      throw TransportError(kindOf(0, {}, stage), shown("no answer in time"));
    } catch (const Poco::Exception& error) {
      throw TransportError(kindOf(0, {}, stage), shown(error.displayText()));
    }
  }

  class Registration {
   public:
    Registration(Smtp& owner, int fd) : owner_(owner), fd_(fd) {
      std::lock_guard lock(owner_.mutex_);
      if (owner_.interrupted_) throw TransportError(TransportError::Kind::relay, "stopping");
      owner_.sockets_.insert(fd_);
    }
    ~Registration() {
      std::lock_guard lock(owner_.mutex_);
      owner_.sockets_.erase(fd_);
    }
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;

   private:
    Smtp& owner_;
    int fd_;
  };

  Poco::Timespan timeout() const { return Poco::Timespan(options_.timeout.count() * 1000); }
  std::string shown(const std::string& text) const {
    return relay_.host + ":" + std::to_string(relay_.port) + ": " + text;
  }

  Poco::Net::StreamSocket connect() {
    const Poco::Net::HostEntry entry = Poco::Net::DNS::hostByName(relay_.host);
    std::string reason = "no address";
    for (const auto& ip : entry.addresses()) {
      const Poco::Net::SocketAddress address(ip, static_cast<Poco::UInt16>(relay_.port));
      try {
        if (relay_.tls) {
          Poco::Net::SecureStreamSocket socket(context_);
          socket.setPeerHostName(relay_.host);
          socket.connect(address, timeout());
          socket.setReceiveTimeout(timeout());
          socket.setSendTimeout(timeout());
          return socket;
        }
        Poco::Net::StreamSocket socket;
        socket.connect(address, timeout());
        socket.setReceiveTimeout(timeout());
        socket.setSendTimeout(timeout());
        return socket;
      } catch (const Poco::Exception& error) {
        reason = error.displayText();
      }
    }
    throw relayError(reason);
  }

  // Up to the point where the relay takes a mail of ours.
  void begin(Session& session, const std::string& from) {
    require(session.answer(), Stage::sender);
    std::string capabilities = session.greet(self_);
    bool secure = relay_.tls;
    std::string whyInClear = "the relay does not offer STARTTLS";
    if (!secure) {
      const bool offered = Session::offers(capabilities, "STARTTLS");
      if (!offered && relay_.tlsRequired) throw relayError("STARTTLS is required, but the relay does not offer it");
      if (offered) {
        const auto answer = session.command("STARTTLS");
        if (answer.status == 220) {
          session.startTls(relay_.host, context_);
          capabilities = session.greet(self_);
          secure = true;
        } else if (relay_.tlsRequired || !relay_.user.empty()) {
          throw relayError("STARTTLS was refused: " + answer.text);
        } else {
          whyInClear = "STARTTLS was refused: " + answer.text;
        }
      }
    }
    const bool plain = Session::offers(capabilities, "AUTH", "PLAIN");
    if (!relay_.user.empty()) {
      if (!secure && !relay_.plainAuthAllowed) {
        throw relayError(
            "no TLS, so user and password are not sent; use smtps://, or ?allow_plain_auth=1 on a trusted network");
      }
      if (!plain && !Session::offers(capabilities, "AUTH", "LOGIN"))
        throw relayError("the relay offers neither AUTH PLAIN nor AUTH LOGIN");
    }
    noteWay(secure, whyInClear);  // from here on something is sent
    if (!relay_.user.empty()) require(session.authenticate(plain, relay_.user, relay_.password), Stage::sender);
    require(session.command("MAIL FROM:<" + from + ">"), Stage::sender);
  }

  void hand(Session& session, const std::string& message) const {
    require(session.command("DATA"), Stage::content, 3);
    session.body(message);
    require(session.command("."), Stage::content);
  }

  // One line each time it changes, not one per mail.
  void noteWay(bool secure, const std::string& reason) {
    if (inClear_.exchange(!secure) != secure) return;
    if (secure) {
      log::info("mails go to the relay over TLS again", {{"relay", relay_.host}});
    } else {
      log::warning("mails go to the relay in the clear; starttls=required in mail.url refuses that",
                   {{"relay", relay_.host}, {"reason", reason}});
    }
  }

  void require(const Answer& answer, Stage stage, int statusClass = 2) const {
    if (answer.status / 100 == statusClass) return;
    throw TransportError(kindOf(answer.status, answer.text, stage),
                         shown(answer.status == 0 ? "the relay closed the connection" : answer.text));
  }

  // `status`: of the relay's answer, 0 when there is none.
  static TransportError::Kind kindOf(int status, std::string_view answer, Stage stage) {
    if (stage == Stage::sender) return TransportError::Kind::relay;
    // Not all mails wait for it: the policy may be one for this recipient.
    const bool final = status / 100 == 5 && !concernsSender(status, answer, stage);
    return final ? TransportError::Kind::refused : TransportError::Kind::later;
  }
  TransportError relayError(const std::string& text) const { return {TransportError::Kind::relay, shown(text)}; }

  const Relay relay_;
  const MailerOptions options_;
  Poco::Net::Context::Ptr context_;
  std::string self_;
  std::mutex mutex_;
  std::set<int> sockets_;
  bool interrupted_ = false;
  std::atomic<bool> inClear_{false};
};

}  // namespace

void checkSmtpUrl(std::string_view url) { parseRelay(url); }

std::unique_ptr<Transport> openSmtp(std::string_view url, const MailerOptions& options) {
  return std::make_unique<Smtp>(parseRelay(url), options);
}

}  // namespace mortise::services::mail
