// Parses one request head in one pass. Resumable: called again with a longer prefix of the same bytes, it never reads a
// line twice.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/http/message.hpp"
#include "core/http/refusal.hpp"

namespace mortise::http {

struct HeadLimits {
  std::size_t requestLine = 8 << 10;
  std::size_t target = 4 << 10;
  std::size_t head = 16 << 10;
  std::size_t fields = 100;
};

class HeadParser {
 public:
  enum class Result { incomplete, complete, refused };

  explicit HeadParser(const HeadLimits& limits) : limits_(limits) {}

  // `bytes` starts at the first byte of the request and only grows between calls. `head` must be the same object and
  // must not move, since it holds views into itself. After `refused` it holds the part that was parsed.
  Result parse(std::string_view bytes, Head& head);

  std::size_t consumed() const { return lineStart_; }  // valid after `complete`
  const Refusal& refusal() const { return refusal_; }  // valid after `refused`
  void reset();

 private:
  Result refuse(int status, std::string_view code, std::string detail);
  bool requestLine(std::string_view line, Head& head);
  bool target(std::string_view text, Head& head);
  bool fieldLine(std::string_view line, Head& head);
  bool finish(Head& head);
  bool contentLength(std::string_view value, Head& head);

  const HeadLimits& limits_;
  std::size_t lineStart_ = 0;
  std::size_t scanned_ = 0;  // no line feed before this position
  bool haveRequestLine_ = false;
  bool skippedEmptyLine_ = false;
  std::string authority_;  // of an absolute target; it takes precedence over Host
  Refusal refusal_;
};

}  // namespace mortise::http
