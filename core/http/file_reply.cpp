#include "core/http/file_reply.hpp"

#include <ctime>
#include <limits>
#include <optional>

#include "core/http/ascii.hpp"
#include "core/http/http_date.hpp"

namespace mortise::http {
namespace {

std::string_view withoutWeakness(std::string_view tag) { return tag.substr(0, 2) == "W/" ? tag.substr(2) : tag; }

bool noneMatch(std::string_view list, std::string_view etag) {
  if (trimBlanks(list) == "*") return false;
  std::string_view item;
  while (nextListItem(list, item)) {
    if (!etag.empty() && withoutWeakness(item) == withoutWeakness(etag)) return false;
  }
  return true;
}

bool notModified(const Head& head, const FileBody& file) {
  if (const std::string* list = head.fields.find("if-none-match")) return !noneMatch(*list, file.etag);
  if (const std::string* since = head.fields.find("if-modified-since")) {
    const std::optional<std::int64_t> date = parseHttpDate(*since, std::time(nullptr));
    return date && file.lastModified > 0 && file.lastModified <= *date;
  }
  return false;
}

// RFC 9110, 13.1.5: a strong tag that is equal, or the exact date.
bool rangeStillValid(const Head& head, const FileBody& file) {
  const std::string* condition = head.fields.find("if-range");
  if (!condition) return true;
  if (!condition->empty() && condition->front() == '"') return !file.etag.empty() && *condition == file.etag;
  const std::optional<std::int64_t> date = parseHttpDate(*condition, std::time(nullptr));
  return date && file.lastModified > 0 && *date == file.lastModified;
}

std::optional<std::uint64_t> number(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!isDigit(c)) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

enum class RangeKind { whole, part, unsatisfiable };

RangeKind readRange(std::string_view text, std::uint64_t size, std::uint64_t& offset, std::uint64_t& length) {
  if (!startsWithNoCase(text, "bytes=")) return RangeKind::whole;
  text = trimBlanks(text.substr(6));
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) return RangeKind::whole;
  const std::string_view first = trimBlanks(text.substr(0, dash));
  const std::string_view last = trimBlanks(text.substr(dash + 1));
  const std::optional<std::uint64_t> to = number(last);
  if (!last.empty() && !to) return RangeKind::whole;
  if (first.empty()) {
    if (!to) return RangeKind::whole;
    if (*to == 0 || size == 0) return RangeKind::unsatisfiable;
    length = *to < size ? *to : size;
    offset = size - length;
    return RangeKind::part;
  }
  const std::optional<std::uint64_t> from = number(first);
  if (!from || (to && *to < *from)) return RangeKind::whole;
  if (*from >= size) return RangeKind::unsatisfiable;
  offset = *from;
  length = (to && *to < size - 1 ? *to + 1 : size) - *from;
  return RangeKind::part;
}

}  // namespace

FileSelection selectFile(const Head& head, int status, const FileBody& file, std::uint64_t size) {
  FileSelection selection;
  selection.status = status;
  selection.length = size;
  if (!file.etag.empty()) selection.fields.add("ETag", file.etag);
  if (file.lastModified > 0) selection.fields.add("Last-Modified", formatHttpDate(file.lastModified));
  const bool conditional = status == 200 && (head.method == Method::get || head.method == Method::head);
  if (!conditional) return selection;
  selection.fields.add("Accept-Ranges", "bytes");
  if (notModified(head, file)) {
    selection.status = 304;
    selection.length = 0;
    return selection;
  }
  const std::string* range = head.fields.find("range");
  if (!range || head.method != Method::get || head.fields.count("range") != 1 || !rangeStillValid(head, file))
    return selection;
  const std::string total = std::to_string(size);
  switch (readRange(*range, size, selection.offset, selection.length)) {
    case RangeKind::whole:
      break;
    case RangeKind::part:
      selection.status = 206;
      selection.fields.add("Content-Range", "bytes " + std::to_string(selection.offset) + "-" +
                                                std::to_string(selection.offset + selection.length - 1) + "/" + total);
      break;
    case RangeKind::unsatisfiable:
      selection.status = 416;
      selection.length = 0;
      selection.fields.add("Content-Range", "bytes */" + total);
      break;
  }
  return selection;
}

}  // namespace mortise::http
