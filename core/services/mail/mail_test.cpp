#include "core/services/mail/mail.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <thread>

#include "core/base/eventually_testing.hpp"
#include "core/base/text.hpp"
#include "core/base/unique_fd.hpp"
#include "core/ops/log.hpp"
#include "core/services/mail/compose.hpp"
#include "core/services/mail/mail_store_testing.hpp"
#include "tests/peers/process.hpp"

namespace mortise::services {
namespace {

using Outcome = MailResult::Outcome;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string contentOf(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::filesystem::path> filesIn(const std::string& path) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) files.push_back(entry.path());
  return files;
}

Mail mailTo(const std::string& to) {
  Mail mail;
  mail.to = to;
  mail.subject = "Your code";
  mail.text = "Hello\n\n123456\n";
  return mail;
}

using Outcomes = std::future<MailResult>;

// Sends one mail; its outcome comes later.
Outcomes begin(Mailer& mailer, Mail mail) {
  const auto result = std::make_shared<std::promise<MailResult>>();
  auto future = result->get_future();
  mailer.send(std::move(mail), [result](const MailResult& outcome) { result->set_value(outcome); });
  return future;
}

MailResult outcomeOf(Outcomes outcome) {
  if (outcome.wait_for(seconds(60)) != std::future_status::ready) {
    ADD_FAILURE() << "no outcome";
    std::abort();
  }
  return outcome.get();
}

MailResult deliver(Mailer& mailer, Mail mail) { return outcomeOf(begin(mailer, std::move(mail))); }

TEST(Compose, WritesAnAutomaticMailWithTextFirst) {
  Mail mail = mailTo("ada@example.org");
  mail.html = "<p>123456</p>";
  const std::string text =
      composeMail(mail, "Mortise <noreply@example.org>", "<id@example.org>", 1'767'867'300'000'000);
  EXPECT_NE(text.find("From: \"Mortise\" <noreply@example.org>\r\n"), std::string::npos);
  EXPECT_NE(text.find("To: ada@example.org\r\n"), std::string::npos);
  EXPECT_NE(text.find("Subject: Your code\r\n"), std::string::npos);
  EXPECT_NE(text.find("Date: Thu, 08 Jan 2026 10:15:00 +0000\r\n"), std::string::npos);
  EXPECT_NE(text.find("Message-ID: <id@example.org>\r\n"), std::string::npos);
  EXPECT_NE(text.find("Auto-Submitted: auto-generated\r\n"), std::string::npos);
  EXPECT_NE(text.find("\r\n123456\r\n"), std::string::npos);
  EXPECT_LT(text.find("text/plain"), text.find("text/html"));
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1))
    EXPECT_EQ(text[at - 1], '\r');
}

TEST(Compose, EncodesWhatIsNotAsciiWithoutCuttingCharacters) {
  std::string subject;
  for (int i = 0; i < 60; ++i) subject += "验";
  const std::string encoded = mail::encodeHeaderText(subject);
  std::string decoded;
  for (const auto line : text::split(encoded, '\n')) {
    const auto word = text::trim(line);
    EXPECT_LE(word.size(), 75u);
    ASSERT_TRUE(word.starts_with("=?UTF-8?B?") && word.ends_with("?="));
    const auto bytes = text::fromBase64(word.substr(10, word.size() - 12));
    ASSERT_TRUE(bytes);
    EXPECT_TRUE(text::isUtf8(*bytes));
    decoded += *bytes;
  }
  EXPECT_EQ(decoded, subject);
  EXPECT_NE(mail::encodeHeaderText("=?fake?="), "=?fake?=");
}

TEST(Compose, RefusesHeaderInjectionAndBadAddresses) {
  const auto refused = [](const Mail& mail, const char* from = "a@b.example") {
    try {
      composeMail(mail, from, "<id@b>", 0);
    } catch (const ServiceError& error) {
      return error.kind() == ErrorKind::invalid;
    }
    return false;
  };
  EXPECT_FALSE(refused(mailTo("ada+tag@sub.example.org")));
  for (const std::string& to :
       {std::string("ada@example.org\r\nBcc: eve@example.org"), std::string("ada@example.org, eve@example.org"),
        std::string("ada"), std::string("@example.org"), std::string("a b@example.org"),
        std::string("ada@exa mple.org"), std::string("ada@-x.org"), std::string("a..b@example.org"),
        std::string("<ada@example.org>"), std::string("ada@example.org>"), std::string()}) {
    EXPECT_TRUE(refused(mailTo(to))) << to;
  }
  Mail mail = mailTo("ada@example.org");
  mail.subject = "x\r\nBcc: eve@example.org";
  EXPECT_TRUE(refused(mail));
  mail.subject = std::string("x\0y", 3);
  EXPECT_TRUE(refused(mail));
  mail.subject = "\xff";
  EXPECT_TRUE(refused(mail));
  EXPECT_TRUE(refused(mailTo("ada@example.org"), "Name\r\nX: y <a@b.example>"));
  mail = mailTo("ada@example.org");
  mail.text.clear();
  EXPECT_TRUE(refused(mail));
  mail.text.assign((1 << 20) - 10, 'x');
  EXPECT_FALSE(refused(mail));
  mail.html = "<p>much more</p>";
  EXPECT_TRUE(refused(mail));
}

// A queue in SQLite, and a clock that can be set.
class MailTest : public testing::Test {
 protected:
  std::unique_ptr<Mailer> open(const std::string& url, const std::string& from = "noreply@example.org") {
    return Mailer::open(url, from, store_.of("a"), options());
  }
  MailerOptions options() {
    MailerOptions options = store_.quick();
    options.timeout = milliseconds(5000);
    return options;
  }
  // Of a mail that can't be delivered: why, before it is given up in the end.
  MailResult giveUp(Mailer& mailer, const std::string& to) {
    auto outcome = begin(mailer, mailTo(to));
    EXPECT_TRUE(eventually([&] { return !store_.lastFailure().empty(); })) << to;
    EXPECT_EQ(outcome.wait_for(milliseconds(0)), std::future_status::timeout) << "it is tried for a day";
    store_.advance(std::chrono::hours(25));
    return outcomeOf(std::move(outcome));
  }

  mail::MailStoreForTests store_;
};

TEST_F(MailTest, TheOutboxHasOneWholeFilePerMail) {
  peers::TempDirectory directory("mortise-mail");
  const auto mailer = open("outbox:" + directory.path() + "/out");
  EXPECT_EQ(deliver(*mailer, mailTo("ada@example.org")).outcome, Outcome::sent);
  EXPECT_EQ(deliver(*mailer, mailTo("eve@example.org")).outcome, Outcome::sent);
  const auto files = filesIn(directory.path() + "/out");
  ASSERT_EQ(files.size(), 2u);
  for (const auto& file : files) {
    EXPECT_EQ(file.extension(), ".eml");
    EXPECT_NE(contentOf(file).find("\r\n123456\r\n"), std::string::npos);
  }
}

TEST_F(MailTest, RefusesUrlsItCantServe) {
  for (const char* url : {"sendmail:", "smtp://", "smtp://h:0", "smtp://h?x=1", "smtp://user@h", "outbox:"}) {
    EXPECT_THROW(open(url, "a@b.example"), ServiceError) << url;
  }
  EXPECT_THROW(open("outbox:/proc/no", "a@b.example"), ServiceError);
  EXPECT_THROW(open("smtp://h", "not an address"), ServiceError);
}

TEST_F(MailTest, WithoutATransportNothingIsQueued) {
  const auto none = open("", "");
  EXPECT_FALSE(none->configured());
  for (const auto send : {&Mailer::send, &Mailer::sendLater}) {
    try {
      (none.get()->*send)(mailTo("ada@example.org"), {});
      FAIL();
    } catch (const ServiceError& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    }
  }
  none->stop(seconds(1));
  EXPECT_EQ(store_.rows(), 0);
}

class SmtpTest : public MailTest {
 protected:
  void SetUp() override {
    if (::access("/usr/lib/python3/dist-packages/aiosmtpd", R_OK) != 0)
      GTEST_SKIP() << "python3-aiosmtpd is not installed";
    peers::giveToNobody(directory_.path());
  }

  // Starts the server and leaves its port in port_, the one of an earlier start if `again`.
  void start(const std::string& mode, const std::string& names = "DNS:localhost,IP:127.0.0.1", bool again = false) {
    const std::string& path = directory_.path();
    if (mode != "plain") {
      const std::string command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout " +
                                  path + "/key.pem -out " + path +
                                  "/cert.pem -days 2 -subj /CN=localhost -addext subjectAltName=" + names +
                                  " 2>/dev/null";
      ASSERT_EQ(std::system(command.c_str()), 0);
      peers::giveToNobody(path + "/key.pem");
      peers::giveToNobody(path + "/cert.pem");
    }
    peers::Launch launch;
    const std::string script = MORTISE_SMTP_PEER;
    std::filesystem::copy_file(script, path + "/smtp_peer.py", std::filesystem::copy_options::overwrite_existing);
    launch.command = {"/usr/bin/python3", path + "/smtp_peer.py", path + "/maildir", again ? port_ : "0", mode,
                      path + "/cert.pem", path + "/key.pem"};
    launch.directory = path;
    launch.log = path + "/log";
    std::filesystem::remove(launch.log);
    server_ = std::make_unique<peers::Process>(launch);
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    while (std::chrono::steady_clock::now() < deadline && server_->running()) {
      const std::string log = contentOf(launch.log);
      const auto ready = log.find("READY ");
      if (ready != std::string::npos && log.find('\n', ready) != std::string::npos) {
        port_ = log.substr(ready + 6, log.find('\n', ready) - ready - 6);
        return;
      }
      std::this_thread::sleep_for(milliseconds(20));
    }
    FAIL() << "the SMTP server does not start: " << contentOf(launch.log);
  }
  void stopServer() { server_.reset(); }

  std::unique_ptr<Mailer> open(const std::string& url, bool trusted = true, const std::string& node = "a") {
    MailerOptions with = options();
    if (trusted && std::filesystem::exists(directory_.path() + "/cert.pem"))
      with.caFile = directory_.path() + "/cert.pem";
    return Mailer::open(url, "Mörtise <noreply@example.org>", store_.of(node), with);
  }
  std::string relay() const { return "smtp://127.0.0.1:" + port_; }
  std::vector<std::filesystem::path> delivered() { return filesIn(directory_.path() + "/maildir/new"); }
  std::string log() { return contentOf(directory_.path() + "/log"); }
  std::size_t tries(const std::string& user) {
    const auto log = this->log();
    std::size_t count = 0;
    for (auto at = log.find("RCPT " + user + " "); at != std::string::npos; at = log.find("RCPT " + user + " ", at + 1))
      ++count;
    return count;
  }

  peers::TempDirectory directory_{"mortise-smtp"};
  std::unique_ptr<peers::Process> server_;
  std::string port_;
};

TEST_F(SmtpTest, DeliversAndTellsWhatWasRefused) {
  start("plain");
  const auto mailer = open(relay());
  Mail mail = mailTo("ada@example.org");
  mail.subject = "您的验证码";
  mail.text = ".\n.leading dot\n";
  MailResult result = deliver(*mailer, mail);
  EXPECT_EQ(result.outcome, Outcome::sent) << result.reason;
  ASSERT_EQ(delivered().size(), 1u);
  const std::string text = contentOf(delivered()[0]);
  EXPECT_NE(text.find("\n.leading dot"), std::string::npos);
  EXPECT_NE(text.find("=?UTF-8?B?" + text::base64("您的验证码") + "?="), std::string::npos);

  result = deliver(*mailer, mailTo("nobody@example.org"));
  EXPECT_EQ(result.outcome, Outcome::refused);
  EXPECT_EQ(result.tries, 1);
  EXPECT_NE(result.reason.find("no such user"), std::string::npos) << result.reason;

  result = deliver(*mailer, mailTo("grey@example.org"));
  EXPECT_EQ(result.outcome, Outcome::sent) << result.reason;
  EXPECT_EQ(result.tries, 3);

  auto later = begin(*mailer, mailTo("grey-always@example.org"));
  EXPECT_TRUE(eventually([&] { return tries("grey-always") >= 5; })) << "three tries are not the end";
  EXPECT_EQ(deliver(*mailer, mailTo("bob@example.org")).outcome, Outcome::sent) << "one mailbox holds up no other";
  store_.advance(std::chrono::hours(25));
  result = outcomeOf(std::move(later));
  EXPECT_EQ(result.outcome, Outcome::gaveUp);
  EXPECT_GE(result.tries, 4);
  EXPECT_NE(result.reason.find("try again later"), std::string::npos) << result.reason;

  result = giveUp(*mailer, "drop@example.org");
  EXPECT_EQ(result.outcome, Outcome::gaveUp) << result.reason;
  EXPECT_EQ(delivered().size(), 3u);
  EXPECT_EQ(store_.rows(), 0) << "nothing is kept of what was sent or given up";
}

TEST_F(SmtpTest, PasswordsTravelOnlyOverTls) {
  start("starttls");
  MailResult result =
      deliver(*open("smtp://u:p%C3%A4ss@localhost:" + port_ + "?starttls=required"), mailTo("ada@example.org"));
  EXPECT_EQ(result.outcome, Outcome::sent) << result.reason;
  EXPECT_NE(log().find("RCPT ada tls auth"), std::string::npos) << log();

  result = deliver(*open(relay()), mailTo("bob@example.org"));
  EXPECT_EQ(result.outcome, Outcome::sent) << result.reason;
  EXPECT_NE(log().find("RCPT bob tls anonymous"), std::string::npos) << "STARTTLS is used when it is offered";

  result = giveUp(*open("smtp://u:p%C3%A4ss@localhost:" + port_, false), "mallory@example.org");
  EXPECT_EQ(result.outcome, Outcome::gaveUp) << "a certificate without a trusted issuer";
  EXPECT_EQ(log().find("mallory"), std::string::npos);
}

TEST_F(SmtpTest, ARelayMayWantNameAndPasswordOneAfterTheOther) {
  start("login");
  EXPECT_EQ(deliver(*open("smtp://u:p%C3%A4ss@localhost:" + port_), mailTo("ada@example.org")).outcome, Outcome::sent);
  EXPECT_NE(log().find("RCPT ada tls auth"), std::string::npos) << log();
  EXPECT_EQ(giveUp(*open("smtp://u:wrong@localhost:" + port_), "bob@example.org").outcome, Outcome::gaveUp);
  EXPECT_EQ(log().find("RCPT bob"), std::string::npos);
}

// A wrong password is the operator's matter: the mails wait for its correction.
TEST_F(SmtpTest, AMailWaitsWhileTheRelayTakesNone) {
  start("starttls");
  auto wrong = open("smtp://u:wrong@localhost:" + port_);
  wrong->send(mailTo("ada@example.org"));
  ASSERT_TRUE(eventually([&] { return !wrong->trouble().empty(); }));
  EXPECT_EQ(wrong->trouble().find("wrong"), std::string::npos) << wrong->trouble();
  EXPECT_EQ(log().find("RCPT"), std::string::npos);
  wrong->stop(milliseconds(0));
  EXPECT_EQ(store_.rows(), 1);
  const auto right = open("smtp://u:p%C3%A4ss@localhost:" + port_);
  EXPECT_TRUE(eventually([&] { return delivered().size() == 1; }));
  EXPECT_EQ(right->trouble(), "");
}

// A relay that does not know this server says so with a 5xx answer, many only once they are told a recipient. Neither is
// the recipient's fault: who corrects the relay or mail.url loses nothing.
TEST_F(SmtpTest, AMailWaitsWhileTheRelayTakesNoneFromThisServer) {
  start("plain");
  const auto mailer = open(relay());
  std::size_t sent = 0;
  for (const std::string user : {"denied", "unknown", "clear", "weak", "blocked", "expired", "spf"}) {
    const auto result = deliver(*mailer, mailTo(user + "@example.org"));
    EXPECT_EQ(result.outcome, Outcome::sent) << user << ": " << result.reason;
    EXPECT_EQ(result.tries, 3) << user;
    EXPECT_EQ(delivered().size(), ++sent) << user;
  }
  EXPECT_EQ(mailer->trouble(), "");
}

TEST_F(SmtpTest, ImplicitTlsWorksWithAnAccount) {
  start("tls");
  MailResult result = deliver(*open("smtps://u:p%C3%A4ss@localhost:" + port_), mailTo("ada@example.org"));
  EXPECT_EQ(result.outcome, Outcome::sent) << result.reason;
  result = giveUp(*open("smtps://u:p%C3%A4ss@localhost:" + port_, false), "eve@example.org");
  EXPECT_EQ(result.outcome, Outcome::gaveUp) << result.reason;
  EXPECT_EQ(log().find("eve"), std::string::npos);
}

TEST_F(SmtpTest, ACertificateForAnotherNameIsRefused) {
  for (const char* mode : {"tls", "starttls"}) {
    start(mode, "DNS:other.example");
    const std::string scheme = mode == std::string("tls") ? "smtps://" : "smtp://";
    const MailResult result = giveUp(*open(scheme + "u:p%C3%A4ss@localhost:" + port_), "ada@example.org");
    EXPECT_EQ(result.outcome, Outcome::gaveUp) << mode;
    EXPECT_EQ(log().find("RCPT"), std::string::npos) << mode;
  }
}

TEST_F(SmtpTest, WithoutTlsARequiredOneOrAPasswordStopsTheDialogue) {
  start("plain");
  MailResult result = giveUp(*open(relay() + "?starttls=required"), "ada@example.org");
  EXPECT_EQ(result.outcome, Outcome::gaveUp);
  EXPECT_NE(result.reason.find("STARTTLS is required"), std::string::npos) << result.reason;
  result = giveUp(*open("smtp://u:p@127.0.0.1:" + port_), "ada@example.org");
  EXPECT_EQ(result.outcome, Outcome::gaveUp);
  EXPECT_NE(result.reason.find("not sent"), std::string::npos) << result.reason;
  EXPECT_EQ(log().find("RCPT"), std::string::npos);
}

TEST_F(SmtpTest, ARefusedStartTlsIsNoReasonToSendAPasswordInTheClear) {
  start("nostarttls");
  EXPECT_EQ(giveUp(*open(relay() + "?starttls=required"), "ada@example.org").outcome, Outcome::gaveUp);
  EXPECT_EQ(giveUp(*open("smtp://u:p@127.0.0.1:" + port_), "ada@example.org").outcome, Outcome::gaveUp);
  EXPECT_EQ(log().find("RCPT"), std::string::npos);
}

TEST_F(SmtpTest, MailsThatGoInTheClearAreSaidOnce) {
  const std::pair<const char*, const char*> relays[] = {{"nostarttls", "STARTTLS was refused: 454"},
                                                        {"plain", "the relay does not offer STARTTLS"}};
  for (const auto& [mode, reason] : relays) {
    start(mode);
    testing::internal::CaptureStderr();
    const auto mailer = open(relay());
    for (const char* to : {"ada@example.org", "bob@example.org"})
      EXPECT_EQ(deliver(*mailer, mailTo(to)).outcome, Outcome::sent) << mode;
    log::flush();
    const auto lines = testing::internal::GetCapturedStderr();
    const auto first = lines.find("in the clear");
    ASSERT_NE(first, std::string::npos) << mode << lines;
    EXPECT_EQ(lines.find("in the clear", first + 1), std::string::npos) << lines;
    EXPECT_NE(lines.find(reason), std::string::npos) << lines;
  }
  start("starttls");
  testing::internal::CaptureStderr();
  deliver(*open("smtp://localhost:" + port_), mailTo("ada@example.org"));
  log::flush();
  EXPECT_EQ(testing::internal::GetCapturedStderr().find("in the clear"), std::string::npos);
}

TEST_F(SmtpTest, WhereNothingIsSentNothingIsSentInTheClear) {
  const std::pair<const char*, const char*> relays[] = {
      {"nostarttls", "smtp://u:p@127.0.0.1:"},                           // a password needs TLS
      {"plain", "smtp://u:p@127.0.0.1:"},                                //
      {"plain", "smtp://u:p@127.0.0.1:PORT?allow_plain_auth=1"},         // no AUTH is offered
      {"plain", "smtp://127.0.0.1:PORT?starttls=required"},              //
      {"nostarttls", "smtp://127.0.0.1:PORT?starttls=required"},         //
      {"starttls", "smtp://u:wrong@localhost:PORT?allow_plain_auth=1"},  // over TLS
  };
  for (const auto& [mode, address] : relays) {
    start(mode);
    std::string url = address;
    const auto at = url.find("PORT");
    url = at == std::string::npos ? url + port_ : url.replace(at, 4, port_);
    testing::internal::CaptureStderr();
    giveUp(*open(url), "ada@example.org");
    log::flush();
    const auto lines = testing::internal::GetCapturedStderr();
    EXPECT_EQ(lines.find("mails go to the relay in the clear"), std::string::npos) << mode << ' ' << url << lines;
  }
}

// A listener that never greets.
class Silent {
 public:
  Silent() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket_.get(), 5) != 0 ||
        ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      ADD_FAILURE() << "no listener";
    }
    port_ = ntohs(address.sin_port);
  }
  std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  int fd() const { return socket_.get(); }
  void close() { socket_.reset(); }

 private:
  UniqueFd socket_;
  int port_ = 0;
};

// A listener that greets, and says the same again and again.
class Talker {
 public:
  Talker(std::string greeting, std::string piece, milliseconds pause)
      : greeting_(std::move(greeting)), piece_(std::move(piece)), pause_(pause) {
    if (pause_.count() == 0) {
      for (std::string one = piece_; piece_.size() < 32'000;) piece_ += one;
    }
    thread_ = std::thread([this] {
      for (;;) {
        const UniqueFd peer(::accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!peer) return;
        talk(peer.get());
      }
    });
  }
  ~Talker() {
    stopping_ = true;
    ::shutdown(listener_.fd(), SHUT_RDWR);  // wakes accept()
    thread_.join();
  }
  std::string url() const { return listener_.url(); }
  std::size_t said() const { return said_; }

 private:
  void talk(int peer) {
    const timeval limit{0, 100'000};
    ::setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    std::string next = greeting_ + piece_;
    while (!stopping_ && ::send(peer, next.data(), next.size(), MSG_NOSIGNAL) > 0) {
      said_ += next.size();
      next = piece_;
      std::this_thread::sleep_for(pause_);
    }
  }

  const std::string greeting_;
  std::string piece_;
  const milliseconds pause_;
  Silent listener_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> said_{0};
  std::thread thread_;
};

TEST_F(MailTest, AnAbsentOrSilentRelayIsTriedUntilTheMailsTimeIsOver) {
  MailerOptions with = options();
  with.timeout = milliseconds(100);
  Silent relay;
  const auto mailer = Mailer::open(relay.url(), "a@b.example", store_.of("a"), with);
  for (const bool closed : {false, true}) {
    if (closed) relay.close();
    auto outcome = begin(*mailer, mailTo("ada@example.org"));
    EXPECT_TRUE(eventually([&] { return store_.tries() >= 5; }));
    EXPECT_NE(mailer->trouble(), "");
    store_.advance(std::chrono::hours(25));  // in the middle of a try, which may not count any more
    const auto result = outcomeOf(std::move(outcome));
    EXPECT_EQ(result.outcome, Outcome::gaveUp);
    EXPECT_GE(result.tries, 4);
  }
}

// Whoever stands between this server and the relay may answer what they like before TLS.
TEST_F(MailTest, AnAnswerWithoutEndIsNoRelay) {
  MailerOptions with = options();
  with.timeout = milliseconds(300);
  const struct {
    const char* what;
    std::string greeting, piece;
    int pause;  // milliseconds
  } kinds[] = {
      {"lines of EHLO", "220 here\r\n", "250-SIZE 1000\r\n", 0},
      {"lines of the greeting", "", "220-here\r\n", 0},
      {"one line", "220 here\r\n", "250-AAAAAAAAAAAAAAAA", 0},
      {"slow lines", "220 here\r\n", "250-SIZE 1000\r\n", 50},
      {"slow bytes", "220 here\r\n", "2", 50},
      {"no status", "", "here I am\r\n", 50},
  };
  for (const auto& kind : kinds) {
    Talker relay(kind.greeting, kind.piece, milliseconds(kind.pause));
    const auto mailer = Mailer::open(relay.url(), "a@b.example", store_.of("a"), with);
    mailer->send(mailTo("ada@example.org"));
    EXPECT_TRUE(eventually([&] { return !mailer->trouble().empty(); })) << kind.what;
    EXPECT_LT(relay.said(), std::size_t{16} << 20) << kind.what;
    mailer->stop(milliseconds(0));
  }
}

TEST_F(MailTest, StopEndsWhatHangsAndLosesNothing) {
  MailerOptions with = options();
  with.timeout = seconds(60);
  with.queueLength = 4;
  Silent relay;
  const auto mailer = Mailer::open(relay.url(), "a@b.example", store_.of("a"), with);
  std::atomic<int> told{0};
  for (int i = 0; i < 4; ++i) mailer->send(mailTo("ada@example.org"), [&](const MailResult&) { ++told; });
  for (const auto send : {&Mailer::send}) {
    try {
      (mailer.get()->*send)(mailTo("ada@example.org"), {});
      FAIL() << "the queue is full";
    } catch (const ServiceError& error) {
      EXPECT_EQ(error.kind(), ErrorKind::full);
    }
  }
  EXPECT_TRUE(eventually([&] { return store_.tries() >= 1; }));
  mailer->stop(milliseconds(50));
  EXPECT_EQ(store_.rows(), 4);
  EXPECT_EQ(told, 0) << "their outcome is not known yet";
  EXPECT_THROW(mailer->send(mailTo("ada@example.org")), ServiceError);
  EXPECT_THROW(mailer->sendLater(mailTo("ada@example.org")), ServiceError);
  // What hung is due again at once.
  peers::TempDirectory directory("mortise-mail");
  const auto next = open("outbox:" + directory.path());
  EXPECT_TRUE(eventually([&] { return filesIn(directory.path()).size() == 4; }));
  EXPECT_TRUE(eventually([&] { return store_.rows() == 0; }));
  EXPECT_EQ(told, 0) << "never after a restart";
}

TEST_F(MailTest, StopSendsWhatIsDue) {
  peers::TempDirectory directory("mortise-mail");
  const auto mailer = open("outbox:" + directory.path());
  for (int i = 0; i < 10; ++i) mailer->send(mailTo("ada@example.org"));
  for (int i = 0; i < 10; ++i) mailer->sendLater(mailTo("ada@example.org"));
  mailer->stop(seconds(60));
  EXPECT_EQ(filesIn(directory.path()).size(), 20u);
  EXPECT_EQ(mailer->queued(), 0u);
  EXPECT_EQ(store_.rows(), 0);
}

}  // namespace
}  // namespace mortise::services
