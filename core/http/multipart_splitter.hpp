// Splits multipart/form-data while it arrives. Holds at most one part head and one delimiter.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/http/refusal.hpp"

namespace mortise::http {

struct PartHead {
  std::string name;
  std::string filename;
  std::string contentType;
  bool isFile = false;  // a filename was sent, even an empty one
};

class MultipartSplitter {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual Refusal beginPart(PartHead head) = 0;
    virtual Refusal partData(std::string_view bytes) = 0;
    virtual Refusal endPart() = 0;
  };

  // Whether the Content-Type is multipart/form-data.
  static bool isForm(std::string_view contentType);
  // The boundary of a multipart/form-data Content-Type; empty when it is missing or invalid.
  static std::string boundaryOf(std::string_view contentType);

  MultipartSplitter(std::string_view boundary, std::size_t maxParts, Sink& sink);

  Refusal feed(std::string_view bytes);
  Refusal finish() const;  // refuses a body whose closing delimiter is missing

 private:
  enum class State { preamble, afterDelimiter, head, dataStart, data, epilogue };
  Refusal step(bool& more);
  Refusal readHead(std::string_view text);

  const std::string delimiter_;  // CRLF "--" boundary
  const std::size_t maxParts_;
  Sink& sink_;
  State state_ = State::preamble;
  std::string held_;
  std::size_t at_ = 0;  // the part of held_ before it is processed
  std::size_t parts_ = 0;
};

}  // namespace mortise::http
