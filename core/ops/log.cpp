#include "core/ops/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "core/base/identifiers.hpp"
#include "core/base/json.hpp"
#include "core/base/terminal_text.hpp"
#include "core/base/text.hpp"

namespace mortise::log {
namespace {

constexpr std::size_t kQueueLines = 8192;  // a blocked stderr costs old lines, never a request

std::atomic<Level> threshold{Level::info};
std::atomic<Format> shape{Format::logfmt};

void writeAll(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::write(STDERR_FILENO, bytes.data(), bytes.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return;  // stderr is gone: nothing can report it
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string_view nameOf(Level level) {
  switch (level) {
    case Level::trace:
      return "trace";
    case Level::debug:
      return "debug";
    case Level::info:
      return "info";
    case Level::warning:
      return "warning";
    case Level::error:
      return "error";
    case Level::off:
      break;
  }
  return "off";
}

// JSON needs valid UTF-8, and a terminal no control bytes: each bad byte becomes U+FFFD.
std::string scrubbed(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    std::size_t good = 1;
    while (good <= 4 && good <= bytes.size() && !text::isUtf8(bytes.substr(0, good))) ++good;
    if (good <= 4 && good <= bytes.size()) {
      out.append(bytes.substr(0, good));
      bytes.remove_prefix(good);
    } else {
      out += "\xef\xbf\xbd";
      bytes.remove_prefix(1);
    }
  }
  return out;
}

// `quoted` is a JSON string: so is the result, of the same value.
void appendShown(std::string& out, std::string_view quoted) {
  while (!quoted.empty()) {
    std::size_t size = 1;
    while (size < quoted.size() && (static_cast<unsigned char>(quoted[size]) & 0xc0) == 0x80) ++size;
    const auto lead = static_cast<unsigned char>(quoted[0]);
    std::uint32_t character = size == 1 ? lead : lead & (0xff >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) character = character << 6 | (static_cast<unsigned char>(quoted[i]) & 0x3f);
    if (isHidden(character)) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(character));
      out += escape;
    } else {
      out.append(quoted.substr(0, size));
    }
    quoted.remove_prefix(size);
  }
}

void appendJson(std::string& out, std::string_view value) {
  std::string quoted;
  json::appendQuoted(quoted, text::isUtf8(value) ? value : std::string_view(scrubbed(value)));
  appendShown(out, quoted);
}

void appendLogfmt(std::string& out, std::string_view value) {
  bool plain = !value.empty();
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    plain = plain && byte > 0x20 && byte < 0x7f && c != '"' && c != '=' && c != '\\';
  }
  if (plain) {
    out += value;
  } else {
    appendJson(out, value);  // the same escapes: CR, LF and control bytes never reach the terminal raw
  }
}

// Restricts a key to [A-Za-z0-9_.-]+, so that no value can imitate another field.
void appendKey(std::string& out, std::string_view key) {
  if (key.empty()) out += '_';
  for (const char c : key) {
    const bool fits =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    out += fits ? c : '_';
  }
}

std::string lineOf(Level level, std::string_view message, const Field* fields, std::size_t count) {
  std::string line;
  line.reserve(160);
  const std::string now = isoMicros(nowMicros());
  if (shape.load(std::memory_order_relaxed) == Format::json) {
    line += R"({"ts":")";
    line += now;
    line += R"(","level":")";
    line += nameOf(level);
    line += R"(","msg":)";
    appendJson(line, message);
    for (std::size_t i = 0; i < count; ++i) {
      line += ",\"";
      appendKey(line, fields[i].key);
      line += "\":";
      appendJson(line, fields[i].value);
    }
    line += "}\n";
    return line;
  }
  line += "ts=";
  line += now;
  line += " level=";
  line += nameOf(level);
  line += " msg=";
  appendLogfmt(line, message);
  for (std::size_t i = 0; i < count; ++i) {
    line += ' ';
    appendKey(line, fields[i].key);
    line += '=';
    appendLogfmt(line, fields[i].value);
  }
  line += '\n';
  return line;
}

// Runs in the one log thread and receives finished lines.
class StderrSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  void watch(std::weak_ptr<spdlog::details::thread_pool> pool) { pool_ = std::move(pool); }

  bool waitForFlush(std::uint64_t goal, std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return flushed_.wait_for(lock, limit, [&] { return flushes_ >= goal; });
  }
  std::uint64_t flushes() {
    std::lock_guard lock(mutex_);
    return flushes_;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& line) override {
    reportDrops();
    writeAll({line.payload.data(), line.payload.size()});
  }
  void flush_() override {
    reportDrops();
    {
      std::lock_guard lock(mutex_);
      ++flushes_;
    }
    flushed_.notify_all();
  }

 private:
  void reportDrops() {
    const auto pool = pool_.lock();
    if (!pool) return;
    const std::size_t dropped = pool->overrun_counter();
    if (dropped == reported_) return;
    const Field field("count", dropped - reported_);
    reported_ = dropped;
    writeAll(lineOf(Level::warning, "log lines dropped", &field, 1));
  }

  std::weak_ptr<spdlog::details::thread_pool> pool_;
  std::size_t reported_ = 0;
  std::mutex mutex_;
  std::condition_variable flushed_;
  std::uint64_t flushes_ = 0;
};

struct Backend {
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<StderrSink> sink;
  std::shared_ptr<spdlog::async_logger> logger;
};

std::atomic<Backend*> running{nullptr};

Backend* backend() { return running.load(std::memory_order_acquire); }

}  // namespace

void configure(Level level, Format format) {
  threshold.store(level, std::memory_order_relaxed);
  shape.store(format, std::memory_order_relaxed);
  if (backend()) return;
  // Never freed: threads that outlive main may still log. The queue is written at exit.
  auto* created = new Backend;
  created->pool = std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1);
  created->sink = std::make_shared<StderrSink>();
  created->sink->watch(created->pool);
  created->logger = std::make_shared<spdlog::async_logger>("mortise", created->sink, created->pool,
                                                           spdlog::async_overflow_policy::overrun_oldest);
  created->logger->set_level(spdlog::level::trace);
  running.store(created, std::memory_order_release);
  std::atexit([] { flush(); });
}

Level levelFrom(std::string_view text, bool& known) {
  known = true;
  for (const Level level : {Level::trace, Level::debug, Level::info, Level::warning, Level::error, Level::off}) {
    if (text == nameOf(level)) return level;
  }
  known = false;
  return Level::info;
}

bool enabled(Level level) { return level != Level::off && level >= threshold.load(std::memory_order_relaxed); }

void write(Level level, std::string_view message, const Field* fields, std::size_t count) {
  if (!enabled(level)) return;
  const std::string line = lineOf(level, message, fields, count);
  if (Backend* const to = backend()) {
    to->logger->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  } else {
    writeAll(line);
  }
}

void flush() {
  Backend* const to = backend();
  if (!to) return;
  // A full queue may drop the flush request itself: repeat it for a while.
  const std::uint64_t goal = to->sink->flushes() + 1;
  for (int tries = 0; tries < 10; ++tries) {
    to->logger->flush();
    if (to->sink->waitForFlush(goal, std::chrono::milliseconds(200))) return;
  }
}

}  // namespace mortise::log
