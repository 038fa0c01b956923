#include "core/services/mail/mail.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "core/base/text.hpp"
#include "core/base/unique_fd.hpp"
#include "core/ops/log.hpp"
#include "core/services/mail/compose.hpp"
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

// Sends one mail and waits for its outcome.
MailResult deliver(Mailer& mailer, Mail mail) {
  std::promise<MailResult> result;
  auto future = result.get_future();
  mailer.send(std::move(mail), [&](const MailResult& outcome) { result.set_value(outcome); });
  if (future.wait_for(seconds(30)) != std::future_status::ready) {
    ADD_FAILURE() << "no outcome";
    std::abort();
  }
  return future.get();
}

MailerOptions quick() {
  MailerOptions options;
  options.firstBackoff = milliseconds(20);
  options.timeout = milliseconds(5000);
  return options;
}

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
}

TEST(Outbox, WritesOneWholeFilePerMail) {
  peers::TempDirectory directory("mortise-mail");
  const auto mailer = Mailer::open("outbox:" + directory.path() + "/out", "noreply@example.org");
  EXPECT_EQ(deliver(*mailer, mailTo("ada@example.org")).outcome, Outcome::sent);
  EXPECT_EQ(deliver(*mailer, mailTo("eve@example.org")).outcome, Outcome::sent);
  const auto files = filesIn(directory.path() + "/out");
  ASSERT_EQ(files.size(), 2u);
  for (const auto& file : files) {
    EXPECT_EQ(file.extension(), ".eml");
    EXPECT_NE(contentOf(file).find("\r\n123456\r\n"), std::string::npos);
  }
}

TEST(Mailer, RefusesUrlsItCantServe) {
  for (const char* url : {"sendmail:", "smtp://", "smtp://h:0", "smtp://h?x=1", "smtp://user@h", "outbox:"}) {
    EXPECT_THROW(Mailer::open(url, "a@b.example"), ServiceError) << url;
  }
  EXPECT_THROW(Mailer::open("outbox:/proc/no", "a@b.example"), ServiceError);
  EXPECT_THROW(Mailer::open("smtp://h", "not an address"), ServiceError);
  const auto none = Mailer::open("", "");
  EXPECT_FALSE(none->configured());
  try {
    none->send(mailTo("ada@example.org"));
    FAIL();
  } catch (const ServiceError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
  }
}

class SmtpTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::access("/usr/lib/python3/dist-packages/aiosmtpd", R_OK) != 0)
      GTEST_SKIP() << "python3-aiosmtpd is not installed";
    peers::giveToNobody(directory_.path());
  }

  // Starts the server and leaves its port in port_.
  void start(const std::string& mode, const std::string& names = "DNS:localhost,IP:127.0.0.1") {
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
    launch.command = {"/usr/bin/python3", path + "/smtp_peer.py", path + "/maildir", "0", mode,
                      path + "/cert.pem", path + "/key.pem"};
    launch.directory = path;
    launch.log = path + "/log";
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

  std::unique_ptr<Mailer> open(const std::string& url, bool trusted = true) {
    MailerOptions options = quick();
    if (trusted && std::filesystem::exists(directory_.path() + "/cert.pem"))
      options.caFile = directory_.path() + "/cert.pem";
    return Mailer::open(url, "Mörtise <noreply@example.org>", options);
  }
  std::vector<std::filesystem::path> delivered() { return filesIn(directory_.path() + "/maildir/new"); }
  std::string log() { return contentOf(directory_.path() + "/log"); }

  peers::TempDirectory directory_{"mortise-smtp"};
  std::unique_ptr<peers::Process> server_;
  std::string port_;
};

TEST_F(SmtpTest, DeliversAndTellsWhatWasRefused) {
  start("plain");
  const auto mailer = open("smtp://127.0.0.1:" + port_);
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

  result = deliver(*mailer, mailTo("grey-always@example.org"));
  EXPECT_EQ(result.outcome, Outcome::gaveUp);
  EXPECT_EQ(result.tries, 3);

  result = deliver(*mailer, mailTo("drop@example.org"));
  EXPECT_EQ(result.outcome, Outcome::gaveUp) << result.reason;
  EXPECT_EQ(delivered().size(), 2u);
}

TEST_F(SmtpTest, PasswordsTravelOnlyOverTls) {
  start("starttls");
  MailResult result =
      deliver(*open("smtp://u:p%C3%A4ss@localhost:" + port_ + "?starttls=required"), mailTo("ada@example.org"));
  EXPECT_EQ(result.outcome, Outcome::sent) << result.reason;
  EXPECT_NE(log().find("RCPT ada tls auth"), std::string::npos) << log();

  result = deliver(*open("smtp://127.0.0.1:" + port_), mailTo("bob@example.org"));
  EXPECT_EQ(result.outcome, Outcome::sent) << result.reason;
  EXPECT_NE(log().find("RCPT bob tls anonymous"), std::string::npos) << "STARTTLS is used when it is offered";

  result = deliver(*open("smtp://u:wrong@localhost:" + port_), mailTo("eve@example.org"));
  EXPECT_EQ(result.outcome, Outcome::refused) << result.reason;
  EXPECT_EQ(result.reason.find("wrong"), std::string::npos);

  result = deliver(*open("smtp://u:p%C3%A4ss@localhost:" + port_, false), mailTo("mallory@example.org"));
  EXPECT_EQ(result.outcome, Outcome::gaveUp) << "a certificate without a trusted issuer";
  EXPECT_EQ(log().find("mallory"), std::string::npos);
}

TEST_F(SmtpTest, ImplicitTlsWorksWithAnAccount) {
  start("tls");
  MailResult result = deliver(*open("smtps://u:p%C3%A4ss@localhost:" + port_), mailTo("ada@example.org"));
  EXPECT_EQ(result.outcome, Outcome::sent) << result.reason;
  result = deliver(*open("smtps://u:p%C3%A4ss@localhost:" + port_, false), mailTo("eve@example.org"));
  EXPECT_EQ(result.outcome, Outcome::gaveUp) << result.reason;
  EXPECT_EQ(log().find("eve"), std::string::npos);
}

TEST_F(SmtpTest, ACertificateForAnotherNameIsRefused) {
  for (const char* mode : {"tls", "starttls"}) {
    start(mode, "DNS:other.example");
    const std::string scheme = mode == std::string("tls") ? "smtps://" : "smtp://";
    const MailResult result = deliver(*open(scheme + "u:p%C3%A4ss@localhost:" + port_), mailTo("ada@example.org"));
    EXPECT_EQ(result.outcome, Outcome::gaveUp) << mode;
    EXPECT_EQ(log().find("RCPT"), std::string::npos) << mode;
    server_.reset();
    std::filesystem::remove(directory_.path() + "/log");
  }
}

TEST_F(SmtpTest, WithoutTlsARequiredOneOrAPasswordStopsTheDialogue) {
  start("plain");
  MailResult result = deliver(*open("smtp://127.0.0.1:" + port_ + "?starttls=required"), mailTo("ada@example.org"));
  EXPECT_EQ(result.outcome, Outcome::gaveUp);
  EXPECT_NE(result.reason.find("STARTTLS is required"), std::string::npos) << result.reason;
  result = deliver(*open("smtp://u:p@127.0.0.1:" + port_), mailTo("ada@example.org"));
  EXPECT_EQ(result.outcome, Outcome::gaveUp);
  EXPECT_NE(result.reason.find("not sent"), std::string::npos) << result.reason;
  EXPECT_EQ(log().find("RCPT"), std::string::npos);
}

TEST_F(SmtpTest, ARefusedStartTlsIsNoReasonToSendAPasswordInTheClear) {
  start("nostarttls");
  EXPECT_EQ(deliver(*open("smtp://127.0.0.1:" + port_ + "?starttls=required"), mailTo("ada@example.org")).outcome,
            Outcome::gaveUp);
  EXPECT_EQ(deliver(*open("smtp://u:p@127.0.0.1:" + port_), mailTo("ada@example.org")).outcome, Outcome::gaveUp);
  EXPECT_EQ(log().find("RCPT"), std::string::npos);
}

TEST_F(SmtpTest, MailsThatGoInTheClearAreSaidOnce) {
  const std::pair<const char*, const char*> relays[] = {{"nostarttls", "STARTTLS was refused: 454"},
                                                        {"plain", "the relay does not offer STARTTLS"}};
  for (const auto& [mode, reason] : relays) {
    start(mode);
    testing::internal::CaptureStderr();
    const auto mailer = open("smtp://127.0.0.1:" + port_);
    for (const char* to : {"ada@example.org", "bob@example.org"})
      EXPECT_EQ(deliver(*mailer, mailTo(to)).outcome, Outcome::sent) << mode;
    log::flush();
    const auto lines = testing::internal::GetCapturedStderr();
    const auto first = lines.find("in the clear");
    ASSERT_NE(first, std::string::npos) << mode << lines;
    EXPECT_EQ(lines.find("in the clear", first + 1), std::string::npos) << lines;
    EXPECT_NE(lines.find(reason), std::string::npos) << lines;
    server_.reset();
    std::filesystem::remove(directory_.path() + "/log");
  }
  start("starttls");
  testing::internal::CaptureStderr();
  deliver(*open("smtp://localhost:" + port_), mailTo("ada@example.org"));
  log::flush();
  EXPECT_EQ(testing::internal::GetCapturedStderr().find("in the clear"), std::string::npos);
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
  int port() const { return port_; }
  void close() { socket_.reset(); }

 private:
  UniqueFd socket_;
  int port_ = 0;
};

TEST(Mailer, AnAbsentOrSilentRelayIsTriedThreeTimes) {
  MailerOptions options = quick();
  options.timeout = milliseconds(100);
  Silent relay;
  const std::string url = "smtp://127.0.0.1:" + std::to_string(relay.port());
  MailResult result = deliver(*Mailer::open(url, "a@b.example", options), mailTo("ada@example.org"));
  EXPECT_EQ(result.outcome, Outcome::gaveUp);
  EXPECT_EQ(result.tries, 3);
  relay.close();
  result = deliver(*Mailer::open(url, "a@b.example", options), mailTo("ada@example.org"));
  EXPECT_EQ(result.outcome, Outcome::gaveUp);
  EXPECT_EQ(result.tries, 3);
}

TEST(Mailer, StopEndsWhatHangsAndTellsEveryMailsOutcome) {
  MailerOptions options = quick();
  options.timeout = seconds(60);
  options.queueLength = 4;
  Silent relay;
  const auto mailer = Mailer::open("smtp://127.0.0.1:" + std::to_string(relay.port()), "a@b.example", options);
  std::atomic<int> stopped{0};
  for (int i = 0; i < 4; ++i) {
    mailer->send(mailTo("ada@example.org"),
                 [&](const MailResult& result) { stopped += result.outcome == Outcome::stopped; });
  }
  try {
    mailer->send(mailTo("ada@example.org"));
    FAIL() << "the queue is full";
  } catch (const ServiceError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::full);
  }
  mailer->stop(milliseconds(50));
  EXPECT_EQ(stopped, 4);
  EXPECT_THROW(mailer->send(mailTo("ada@example.org")), ServiceError);
}

TEST(Mailer, StopSendsWhatIsQueued) {
  peers::TempDirectory directory("mortise-mail");
  const auto mailer = Mailer::open("outbox:" + directory.path(), "noreply@example.org");
  for (int i = 0; i < 20; ++i) mailer->send(mailTo("ada@example.org"));
  mailer->stop(seconds(20));
  EXPECT_EQ(filesIn(directory.path()).size(), 20u);
  EXPECT_EQ(mailer->queued(), 0u);
}

}  // namespace
}  // namespace mortise::services
