#include "core/http/multipart_splitter.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/base/text.hpp"
#include "core/http/ascii.hpp"

namespace mortise::http {
namespace {

constexpr std::size_t kMaxPartHead = 8 << 10;
constexpr std::size_t kMaxBoundary = 70;
constexpr std::size_t kMaxPadding = 256;

Refusal malformed(const char* why) { return Refusal(400, "bad_multipart", why); }

// Takes one `name=value` parameter off `rest` (which starts behind a ';'). Quoted values have only the escapes \" and
// \\ (browsers send Windows paths with plain backslashes).
bool nextParameter(std::string_view& rest, std::string_view& name, std::string& value) {
  rest = trimBlanks(rest);
  while (!rest.empty() && rest.front() == ';') rest = trimBlanks(rest.substr(1));
  if (rest.empty()) return false;
  const std::size_t equals = rest.find_first_of("=;");
  name = trimBlanks(rest.substr(0, equals));
  value.clear();
  if (equals == std::string_view::npos || rest[equals] == ';') {
    rest = equals == std::string_view::npos ? std::string_view() : rest.substr(equals);
    return true;
  }
  rest = trimBlanks(rest.substr(equals + 1));
  if (rest.empty() || rest.front() != '"') {
    const std::size_t end = rest.find(';');
    value.assign(trimBlanks(rest.substr(0, end)));
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end);
    return true;
  }
  std::size_t i = 1;
  for (; i < rest.size() && rest[i] != '"'; ++i) {
    if (rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\')) ++i;
    value.push_back(rest[i]);
  }
  rest = i < rest.size() ? rest.substr(i + 1) : std::string_view();
  return true;
}

// RFC 5987: UTF-8''na%C3%AFve.txt
std::optional<std::string> extendedValue(std::string_view text) {
  const std::size_t first = text.find('\'');
  const std::size_t second = first == std::string_view::npos ? first : text.find('\'', first + 1);
  if (second == std::string_view::npos || !equalsNoCase(text.substr(0, first), "utf-8")) return std::nullopt;
  return text::percentDecode(text.substr(second + 1));
}

// Linear whatever the client sends: find() stops at each byte that a delimiter begins with.
std::size_t positionOf(std::string_view pattern, std::string_view text) {
  const void* match = ::memmem(text.data(), text.size(), pattern.data(), pattern.size());
  return match == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(match) - text.data());
}

bool isBoundaryCharacter(char c) {
  const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || isDigit(c);
  return alphanumeric || std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

}  // namespace

bool MultipartSplitter::isForm(std::string_view contentType) {
  return equalsNoCase(trimBlanks(contentType.substr(0, contentType.find(';'))), "multipart/form-data");
}

std::string MultipartSplitter::boundaryOf(std::string_view contentType) {
  const std::size_t semicolon = contentType.find(';');
  if (semicolon == std::string_view::npos || !isForm(contentType)) return {};
  std::string_view rest = contentType.substr(semicolon);
  std::string_view name;
  std::string value;
  while (nextParameter(rest, name, value)) {
    if (!equalsNoCase(name, "boundary")) continue;
    const bool good = !value.empty() && value.size() <= kMaxBoundary && value.back() != ' ' &&
                      std::all_of(value.begin(), value.end(), isBoundaryCharacter);
    return good ? value : std::string();
  }
  return {};
}

MultipartSplitter::MultipartSplitter(std::string_view boundary, std::size_t maxParts, Sink& sink)
    : delimiter_("\r\n--" + std::string(boundary)), maxParts_(maxParts), sink_(sink), held_("\r\n") {
  // The first delimiter may stand at the very start, without its line break; inserting one makes it like the others.
}

Refusal MultipartSplitter::feed(std::string_view bytes) {
  if (state_ == State::epilogue) return Refusal();
  held_.append(bytes);
  at_ = 0;
  for (bool more = true; more;) {
    more = false;
    if (Refusal refusal = step(more)) return refusal;
  }
  held_.erase(0, at_);
  return Refusal();
}

Refusal MultipartSplitter::finish() const {
  return state_ == State::epilogue ? Refusal() : malformed("the multipart body ends before its closing delimiter");
}

// One step of the machine; returns `more` when another may follow without new bytes.
Refusal MultipartSplitter::step(bool& more) {
  const std::string_view rest = std::string_view(held_).substr(at_);
  switch (state_) {
    case State::preamble:
    case State::data: {
      const std::size_t position = positionOf(delimiter_, rest);
      const bool end = position != std::string_view::npos;
      // Bytes that may start a delimiter stay until more arrive.
      const std::size_t sure = end ? position : rest.size() - std::min(rest.size(), delimiter_.size() - 1);
      if (state_ == State::data && sure > 0) {
        if (Refusal refusal = sink_.partData(rest.substr(0, sure))) return refusal;
      }
      at_ += sure;
      if (!end) return Refusal();
      at_ += delimiter_.size();
      if (state_ == State::data) {
        if (Refusal refusal = sink_.endPart()) return refusal;
      }
      state_ = State::afterDelimiter;
      more = true;
      return Refusal();
    }
    case State::afterDelimiter: {
      if (rest.size() < 2) return Refusal();
      if (rest.substr(0, 2) == "--") {
        state_ = State::epilogue;
        at_ = held_.size();
        return Refusal();
      }
      const std::size_t line = rest.find("\r\n");
      const std::string_view padding = rest.substr(0, line == std::string_view::npos ? rest.size() - 1 : line);
      if (padding.find_first_not_of(" \t") != std::string_view::npos || padding.size() > kMaxPadding) {
        return malformed("a delimiter is followed by something else than a line break");
      }
      if (line == std::string_view::npos) return Refusal();
      at_ += line;  // the line break stays, so that an empty part head is parsed like any other
      state_ = State::head;
      more = true;
      return Refusal();
    }
    case State::head: {
      const std::size_t end = rest.find("\r\n\r\n");
      if ((end == std::string_view::npos ? rest.size() : end) > kMaxPartHead) {
        return malformed("a part head is longer than 8192 bytes");
      }
      if (end == std::string_view::npos) return Refusal();
      if (++parts_ > maxParts_) {
        return Refusal(413, "too_many_parts", "more than " + std::to_string(maxParts_) + " parts");
      }
      if (Refusal refusal = readHead(rest.substr(0, end))) return refusal;
      at_ += end + 4;
      state_ = State::dataStart;
      more = true;
      return Refusal();
    }
    case State::dataStart: {
      // An empty part: its delimiter may follow the blank line at once, without a line break of its own.
      const std::string_view bare = std::string_view(delimiter_).substr(2);
      const std::size_t known = std::min(rest.size(), bare.size());
      if (rest.substr(0, known) != bare.substr(0, known)) {
        state_ = State::data;
        more = true;
      } else if (known == bare.size()) {
        if (Refusal refusal = sink_.endPart()) return refusal;
        at_ += known;
        state_ = State::afterDelimiter;
        more = true;
      }
      return Refusal();
    }
    case State::epilogue:
      at_ = held_.size();
      return Refusal();
  }
  return Refusal();
}

Refusal MultipartSplitter::readHead(std::string_view text) {
  PartHead head;
  bool disposition = false;
  bool named = false;
  std::optional<std::string> extended;
  while (!text.empty()) {
    if (text.substr(0, 2) == "\r\n") text.remove_prefix(2);
    const std::size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end);
    if (line.empty()) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return malformed("a part header has no colon");
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trimBlanks(line.substr(colon + 1));
    if (value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
      return malformed("a part header holds a control character");
    }
    if (equalsNoCase(name, "content-type")) {
      head.contentType.assign(value);
    } else if (equalsNoCase(name, "content-disposition")) {
      const std::size_t semicolon = value.find(';');
      if (disposition || !equalsNoCase(trimBlanks(value.substr(0, semicolon)), "form-data")) {
        return malformed("a part is not form-data");
      }
      disposition = true;
      std::string_view rest = semicolon == std::string_view::npos ? std::string_view() : value.substr(semicolon);
      std::string_view parameter;
      std::string content;
      while (nextParameter(rest, parameter, content)) {
        if (equalsNoCase(parameter, "name")) {
          named = true;
          head.name = content;
        } else if (equalsNoCase(parameter, "filename")) {
          head.isFile = true;
          head.filename = content;
        } else if (equalsNoCase(parameter, "filename*")) {
          extended = extendedValue(content);
          head.isFile = true;
        }
      }
    }
  }
  if (!disposition || !named) return malformed("a part has no name");
  if (extended) head.filename = *extended;
  return sink_.beginPart(std::move(head));
}

}  // namespace mortise::http
