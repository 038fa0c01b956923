// Receives one request body as its plan says, whatever the framing: Content-Length or chunked; into memory, a file, or
// parts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/http/chunked_decoder.hpp"
#include "core/http/message.hpp"
#include "core/http/refusal.hpp"

namespace mortise::http {

class RequestExchange;

// Where decoded bytes go. One implementation per BodyPlan::Kind.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual Refusal take(std::string_view bytes) = 0;
  virtual Refusal finish(RequestExchange& exchange) = 0;  // hands the result over
};

class BodyReceiver {
 public:
  // `refusal` says why when nothing is returned (a body larger than the limit, a bad multipart type, no temporary
  // file).
  static std::unique_ptr<BodyReceiver> make(const Head& head, const BodyPlan& plan, const std::string& spoolDirectory,
                                            Refusal& refusal);

  // Eats bytes of the body only; what follows it stays. Check done() and refusal() afterwards.
  std::size_t feed(std::string_view bytes);
  bool done() const { return done_; }
  const Refusal& refusal() const { return refusal_; }
  Refusal finish(RequestExchange& exchange) { return sink_->finish(exchange); }

 private:
  BodyReceiver(std::unique_ptr<BodySink> sink, bool chunked, std::uint64_t left, std::uint64_t limit)
      : sink_(std::move(sink)), chunked_(chunked), left_(left), limit_(limit) {}

  std::unique_ptr<BodySink> sink_;
  const bool chunked_;
  std::uint64_t left_;
  const std::uint64_t limit_;
  std::uint64_t taken_ = 0;
  ChunkedDecoder decoder_;
  bool done_ = false;
  Refusal refusal_;
};

}  // namespace mortise::http
