#include <mortise/characters.hpp>
#include <mortise/problem.hpp>

#include <re2/re2.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "box.hpp"
#include "box_arguments.hpp"
#include "glob.hpp"

namespace agent::sandbox {
namespace {

using namespace std::chrono_literals;
using mortise::Problem;
using wire::FileOperation;

constexpr auto kNoProgress = 20s;
constexpr std::size_t kPiece = 64U << 10U;
constexpr std::uint32_t kInputAhead = 512U << 10U;
constexpr std::uint64_t kMaxScan = 256ULL << 20;  // of a file whose later lines are asked for
constexpr std::size_t kMaxRegex = 4096;
constexpr std::size_t kMaxMatches = 1000;
constexpr std::size_t kMaxMatchBytes = 1 << 20;
constexpr std::size_t kMaxLine = 64U << 10U;  // that a regex looks at
constexpr auto kMaxSearch = 5s;
constexpr std::size_t kMaxFound = 10000;
constexpr std::size_t kMaxFoundBytes = 1 << 20;
constexpr auto kMaxFind = 10s;

Problem argument(std::string reason) { return Problem(422, "sandbox_argument").with("reason", std::move(reason)); }

// Never returns 0; `status`: an errno, or one beyond kNotBegun.
[[noreturn]] void refuse(int status, std::string_view path) {
  const auto because = [&](int http, const char* code) {
    return Problem(http, code).with("path", std::string(path)).note(std::string(path) + ": " + std::strerror(status));
  };
  if (status > kNotBegun) throw Problem(503, "sandbox_busy").retryAfter(5);
  switch (status) {
    case ENOENT:
    case ENOTDIR:
      throw because(404, "file_missing");
    case EACCES:
    case EPERM:
    case ELOOP:
    case EXDEV:
    case EROFS:
      throw because(403, "file_denied");
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      throw because(507, "sandbox_full");
    case EAGAIN:
    case ENOMEM:
    case EINTR:
    case ENFILE:
    case EMFILE:
      throw Problem(503, "sandbox_busy").retryAfter(5);
    default:
      throw because(422, "file_unreadable");
  }
}

void need(int status, std::string_view path) {
  if (status != 0) refuse(status, path);
}

bool isStopped(const Stopped& stopped) { return stopped && stopped(); }

// Why a wait ended without what was waited for.
Problem late(const Stopped& stopped) {
  if (isStopped(stopped)) return Problem(503, "sandbox_unavailable").with("reason", "the call was stopped");
  return Problem(503, "sandbox_busy").retryAfter(5);
}

// Skips the size that comes first.
class Body {
 public:
  std::string_view of(std::string_view piece) {
    const auto skipped = std::min(head_, piece.size());
    head_ -= skipped;
    return piece.substr(skipped);
  }

 private:
  std::size_t head_ = 8;
};

// Without the beginning of a character at its end.
std::string_view wholeCharacters(std::string_view text) {
  for (std::size_t back = 1; back <= 4 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0) == 0x80) continue;
    const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? text.substr(0, text.size() - back) : text;
  }
  return text;
}

}  // namespace

std::string pathInBox(std::string_view path) {
  const bool home = path == "~" || path.starts_with("~/");
  std::string out;
  if (home || !path.starts_with('/')) out = std::string(kHome) + "/";
  out += path.substr(home ? std::min<std::size_t>(2, path.size()) : 0);
  if (out.size() > wire::kMaxPath || out.find('\0') != std::string::npos)
    throw argument("the path is too long or has a NUL in it");
  while (out.size() > 1 && out.back() == '/') out.pop_back();
  return out;
}

int Box::readFrom(FileOperation operation, std::string_view path, std::uint64_t offset, std::uint64_t most,
                  const Piece& piece, const Stopped& stopped) {
  used_();
  auto use = process_->use();
  const auto channel = use.link().file(operation, path, offset, most);
  const auto drop = [&] {
    use.link().close(*channel);
    use.send();
  };
  for (;;) {
    if (!use.wait([&] { return !channel->buffer.empty() || channel->exited; }, Clock::now() + kNoProgress, stopped)) {
      drop();
      throw late(stopped);
    }
    if (channel->buffer.empty()) return channel->status;
    const auto bytes = std::exchange(channel->buffer, {});
    use.link().repay(*channel, kCredit);
    use.send();
    use.unlock();
    bool more = false;
    try {
      more = piece(bytes);
    } catch (...) {
      use.lock();
      drop();
      throw;
    }
    use.lock();
    if (more && !isStopped(stopped)) continue;
    drop();
    if (more) throw late(stopped);
    return 0;
  }
}

int Box::writeTo(std::string_view path, bool append, const std::function<std::string()>& next, const Stopped& stopped) {
  used_();
  auto use = process_->use();
  const auto channel = use.link().file(append ? FileOperation::append : FileOperation::write, path, 0, 0);
  use.send();
  const auto give = [&](std::string_view bytes) {
    if (isStopped(stopped) || !use.wait([&] { return channel->exited || channel->waitingInput <= kInputAhead; },
                                        Clock::now() + kNoProgress, stopped)) {
      use.link().close(*channel);
      use.send();
      throw late(stopped);
    }
    if (!channel->exited) use.link().input(*channel, bytes);
    use.send();
  };
  while (!channel->exited) {
    use.unlock();
    std::string bytes;
    try {
      bytes = next();
    } catch (...) {
      use.lock();
      use.link().close(*channel);
      use.send();
      throw;
    }
    use.lock();
    if (bytes.empty()) break;
    for (std::size_t at = 0; at < bytes.size(); at += kPiece) give(std::string_view(bytes).substr(at, kPiece));
  }
  give({});
  if (!use.wait([&] { return channel->exited; }, Clock::now() + kNoProgress, stopped)) {
    use.link().close(*channel);
    use.send();
    throw late(stopped);
  }
  return channel->status;
}

FileText Box::read(const ReadFile& file, const Stopped& stopped) {
  const auto path = pathInBox(file.path);
  const auto first = std::max<std::int64_t>(0, file.startLine.value_or(0));
  const auto end = file.endLine ? std::max<std::int64_t>(0, *file.endLine) : std::numeric_limits<std::int64_t>::max();
  const auto most = file.most == 0 ? kMaxText : std::min(kMaxText, file.most * 4);  // bytes
  FileText out{path, {}, false};
  Body body;
  std::int64_t line = 0;
  std::uint64_t scanned = 0;
  bool binary = false;
  need(readFrom(
           FileOperation::read, path, 0, kMaxScan + 1,
           [&](std::string_view piece) {
             auto rest = body.of(piece);
             scanned += rest.size();
             binary = rest.find('\0') != std::string_view::npos;
             while (!rest.empty() && line < end && !binary) {
               const auto newline = rest.find('\n');
               const auto part = rest.substr(0, newline == std::string_view::npos ? newline : newline + 1);
               if (line >= first) out.text += part;
               if (newline != std::string_view::npos) ++line;
               rest.remove_prefix(part.size());
             }
             out.cut = out.text.size() > most || scanned > kMaxScan;
             return !binary && !out.cut && line < end;
           },
           stopped),
       path);
  if (out.cut) out.text = wholeCharacters(std::string_view(out.text).substr(0, most));
  if (binary || !isUtf8(out.text)) throw Problem(422, "file_unreadable").with("path", path);
  if (file.most == 0) return out;
  const auto size = mortise::firstCharacters(out.text, file.most).size();
  out.cut = out.cut || size < out.text.size();
  out.text.resize(size);
  return out;
}

std::string Box::wholeText(std::string_view path, bool& cut, const Stopped& stopped) {
  const auto file = read({.path = std::string(path), .most = 0}, stopped);
  cut = file.cut;
  return file.text;
}

std::uint64_t Box::write(const WriteFile& file, const Stopped& stopped) {
  const auto path = pathInBox(file.path);
  bool isSent = false;
  need(writeTo(
           path, file.append, [&] { return std::exchange(isSent, true) ? std::string() : file.text; }, stopped),
       path);
  return file.text.size();
}

std::int64_t Box::replace(std::string_view path, std::string_view from, std::string_view to, const Stopped& stopped,
                          bool /*sudo*/) {
  if (from.empty()) throw argument("old_str is empty");
  const auto where = pathInBox(path);
  bool cut = false;
  const auto text = wholeText(where, cut, stopped);
  if (cut) throw argument("the file is larger than 8 MiB; use sed in a shell");
  std::string out;
  std::int64_t count = 0;
  std::size_t at = 0;
  for (std::size_t match; (match = text.find(from, at)) != std::string::npos; at = match + from.size()) {
    out.append(text, at, match - at).append(to);
    ++count;
    if (out.size() > 8 * kMaxText) throw argument("the result is larger than 64 MiB");
  }
  if (count == 0) return 0;
  out.append(text, at);
  write({.path = where, .text = std::move(out)}, stopped);
  return count;
}

FoundLines Box::search(std::string_view path, std::string_view regex, const Stopped& stopped, bool /*sudo*/) {
  if (regex.size() > kMaxRegex) throw argument("the regex is longer than 4096 bytes");
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(8 << 20);
  const RE2 pattern(re2::StringPiece(regex.data(), regex.size()), options);
  if (!pattern.ok()) throw argument("regex: " + pattern.error());
  FoundLines out;
  out.path = pathInBox(path);
  const auto text = wholeText(out.path, out.cut, stopped);
  const auto deadline = Clock::now() + kMaxSearch;
  std::size_t bytes = 0;
  std::int64_t number = 0;
  for (std::size_t at = 0; at < text.size(); ++number) {
    const auto end = std::min(text.find('\n', at), text.size());
    auto line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kMaxLine) line = wholeCharacters(line.substr(0, kMaxLine));
    if (!RE2::PartialMatch(re2::StringPiece(line.data(), line.size()), pattern)) {
      if (number % 64 != 0 || (Clock::now() < deadline && !isStopped(stopped))) continue;
    }
    if (isStopped(stopped)) throw late(stopped);
    if (out.lines.size() == kMaxMatches || bytes + line.size() > kMaxMatchBytes || Clock::now() >= deadline) {
      out.cut = true;
      break;
    }
    bytes += line.size();
    out.lines.emplace_back(line);
    out.numbers.push_back(number);
  }
  return out;
}

std::vector<std::string> Box::find(std::string_view directory, std::string_view glob, const Stopped& stopped) {
  const Glob pattern(glob);
  if (!pattern.good()) throw argument("the pattern is empty, longer than 1024 bytes or has more than 32 parts");
  const auto where = pathInBox(directory);
  const auto before = where == "/" ? where : where + "/";
  std::vector<std::string> out;
  std::size_t bytes = 0;
  std::string rest;  // of the last piece: an entry that has begun
  const auto deadline = Clock::now() + kMaxFind;
  need(readFrom(
           FileOperation::walk, where, 0, pattern.levels() == 0 ? 64 : pattern.levels(),
           [&](std::string_view piece) {
             rest.append(piece);
             std::size_t at = 0;
             for (std::size_t end; (end = rest.find('\0', at)) != std::string::npos; at = end + 1) {
               const auto entry = std::string_view(rest).substr(at, end - at);
               if (entry.size() < 2 || !isUtf8(entry) || !pattern.matches(entry.substr(1))) continue;
               bytes += before.size() + entry.size();
               if (out.size() == kMaxFound || bytes > kMaxFoundBytes) return false;
               out.push_back(before + std::string(entry.substr(1)));
             }
             rest.erase(0, at);
             return rest.size() <= 2 * wire::kMaxPath && Clock::now() < deadline;
           },
           stopped),
       where);
  std::sort(out.begin(), out.end());
  return out;
}

bool Box::exists(std::string_view path, const Stopped& stopped) {
  const auto where = pathInBox(path);
  const int status = readFrom(
      FileOperation::stat, where, 0, 0, [](std::string_view) { return true; }, stopped);
  if (status == ENOENT || status == ENOTDIR) return false;
  need(status, where);
  return true;
}

void Box::remove(std::string_view path, const Stopped& stopped) {
  const auto where = pathInBox(path);
  need(readFrom(
           FileOperation::remove, where, 0, 0, [](std::string_view) { return true; }, stopped),
       where);
}

void Box::upload(std::string_view path, const std::function<std::string()>& next, const Stopped& stopped) {
  const auto where = pathInBox(path);
  need(writeTo(where, false, next, stopped), where);
}

void Box::download(std::string_view path, const std::function<bool(std::string_view piece)>& piece,
                   const Stopped& stopped) {
  const auto where = pathInBox(path);
  Body body;
  need(readFrom(
           FileOperation::read, where, 0, std::numeric_limits<std::uint64_t>::max(),
           [&](std::string_view bytes) {
             const auto part = body.of(bytes);
             return part.empty() || piece(part);
           },
           stopped),
       where);
}

}  // namespace agent::sandbox
