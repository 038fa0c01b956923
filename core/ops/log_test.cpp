#include "core/ops/log.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <string>

#include "core/base/json.hpp"

namespace mortise::log {
namespace {

// Runs `work` in a child whose stderr is a pipe; the log is set up once per process, as in the program.
std::string stderrOf(const std::function<void()>& work) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    work();
    flush();
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string all;
  char buffer[4096];
  ssize_t got;
  while ((got = ::read(ends[0], buffer, sizeof buffer)) > 0) all.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return all;
}

TEST(Log, WritesLogfmtLines) {
  const std::string line = stderrOf([] {
    configure(Level::info, Format::logfmt);
    info("server started", {{"port", 8080}, {"path", "/a b"}, {"ok", true}, {"empty", ""}});
  });
  std::string shape = line.substr(0, 30);
  for (char& c : shape) c = c >= '0' && c <= '9' ? '0' : c;
  EXPECT_EQ(shape, "ts=0000-00-00T00:00:00.000000Z");
  EXPECT_EQ(line.substr(30), " level=info msg=\"server started\" port=8080 path=\"/a b\" ok=true empty=\"\"\n");
}

// A terminal would obey them: C1 controls as escape sequences do, marks of direction by showing the line in another order.
TEST(Log, EscapesWhatATerminalWouldObey) {
  const std::pair<const char*, const char*> shown[] = {
      {"a\xc2\x9b"
       "31mb",
       "\"a\\u009b31mb\""},         // CSI
      {"\xc2\x85", "\"\\u0085\""},  // next line
      {"\x7f", "\"\\u007f\""},      // DEL
      {"x\xe2\x80\xae"
       "y",
       "\"x\\u202ey\""},                               // right-to-left override
      {"\xe2\x81\xa6", "\"\\u2066\""},                 // isolate
      {"\xe2\x80\x8f\xd8\x9c", "\"\\u200f\\u061c\""},  // marks
      {"a\xe2\x80\xa8level=info", "\"a\\u2028level=info\""},
      {"\xef\xbb\xbf", "\"\\ufeff\""},
      {"\xc2\xa0\xc3\xa9\xe4\xbd\xa0\xf0\x9f\x98\x80", "\"\xc2\xa0\xc3\xa9\xe4\xbd\xa0\xf0\x9f\x98\x80\""}};
  for (const auto& [value, expected] : shown) {
    const std::string logfmt = stderrOf([&] { info("m", {{"v", value}}); });
    EXPECT_TRUE(logfmt.ends_with(" v=" + std::string(expected) + "\n")) << logfmt;
    const std::string line = stderrOf([&] {
      configure(Level::info, Format::json);
      info(value, {{"v", value}});
    });
    EXPECT_NE(line.find("\"v\":" + std::string(expected)), std::string::npos) << line;
    json::Document document;
    json::ParseError error;
    ASSERT_TRUE(json::parse(line, document, error)) << line;
    EXPECT_EQ(json::textMember(document, "msg"), value) << "the value is the same";
  }
}

TEST(Log, WritesJsonLinesThatParse) {
  const std::string line = stderrOf([] {
    configure(Level::info, Format::json);
    warning("a \"quoted\" thing", {{"raw", std::string("x\r\ny\x01\xff\0z", 8)}});
  });
  json::Document document;
  json::ParseError error;
  ASSERT_TRUE(json::parse(line, document, error)) << line;
  EXPECT_EQ(json::textMember(document, "level"), "warning");
  EXPECT_EQ(json::textMember(document, "msg"), "a \"quoted\" thing");
  EXPECT_EQ(json::textMember(document, "raw"), std::string_view("x\r\ny\x01\xef\xbf\xbd\0z", 10));
}

TEST(Log, NoValueCanStartANewLineOrField) {
  const std::string line = stderrOf([] {
    configure(Level::info, Format::logfmt);
    info("one\nts=forged", {{"a b=", "1 level=error\r\n\x1b[31m"}});
  });
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(line.find('\r'), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_NE(line.find(R"( a_b_="1 level=error\r\n\u001b[31m")"), std::string::npos) << line;
}

TEST(Log, LeavesOutWhatIsBelowTheLevel) {
  const std::string lines = stderrOf([] {
    configure(Level::warning, Format::logfmt);
    info("quiet");
    error("loud");
  });
  EXPECT_EQ(lines.find("quiet"), std::string::npos);
  EXPECT_NE(lines.find("msg=loud"), std::string::npos);
}

TEST(Log, WorksBeforeItIsConfigured) {
  EXPECT_NE(stderrOf([] { info("early"); }).find("level=info msg=early\n"), std::string::npos);
}

TEST(Log, KeepsTheOrderOfOneThread) {
  const std::string lines = stderrOf([] {
    configure(Level::info, Format::logfmt);
    for (int i = 0; i < 1000; ++i) info("n", {{"i", i}});
  });
  std::size_t at = 0;
  for (int i = 0; i < 1000; ++i) {
    at = lines.find(" i=" + std::to_string(i) + "\n", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST(Log, DropsTheOldestAndCountsWhenStderrIsStuck) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  int done[2];
  ASSERT_EQ(::pipe2(done, O_CLOEXEC), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    configure(Level::info, Format::logfmt);
    for (int i = 0; i < 20000; ++i) info("n", {{"i", i}});  // the pipe is not read: must not block
    if (::write(done[1], "x", 1) != 1) ::_exit(1);
    flush();
    ::_exit(0);
  }
  ::close(ends[1]);
  pollfd wait{done[0], POLLIN, 0};
  ASSERT_EQ(::poll(&wait, 1, 20000), 1) << "logging blocked";
  std::string all;
  char buffer[65536];
  ssize_t got;
  while ((got = ::read(ends[0], buffer, sizeof buffer)) > 0) all.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  ::close(done[0]);
  ::close(done[1]);
  ::waitpid(child, nullptr, 0);
  EXPECT_NE(all.find("msg=\"log lines dropped\" count="), std::string::npos);
  EXPECT_NE(all.find(" i=19999\n"), std::string::npos);
}

TEST(Log, KnowsItsLevels) {
  bool known = false;
  EXPECT_EQ(levelFrom("debug", known), Level::debug);
  EXPECT_TRUE(known);
  levelFrom("loud", known);
  EXPECT_FALSE(known);
}

}  // namespace
}  // namespace mortise::log
