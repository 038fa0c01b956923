// Receives one request body as its plan says, with any framing: Content-Length or chunked; into memory, a file, or
// parts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/http/body_budget.hpp"
#include "core/http/chunked_decoder.hpp"
#include "core/http/message.hpp"
#include "core/http/refusal.hpp"
#include "core/http/spool.hpp"

namespace mortise::http {

class RequestExchange;

// The destination of decoded bytes. One implementation per BodyPlan::Kind.
class BodySink {
 public:
  virtual ~BodySink() = default;
  virtual Refusal take(std::string_view bytes) = 0;
  virtual Refusal close() = 0;                             // all bytes were taken
  virtual Refusal deliver(RequestExchange& exchange) = 0;  // passes the result on, once the spool has finished
};

class BodyReceiver {
 public:
  using OpenSpool = std::function<std::shared_ptr<Spool>()>;
  // `refusal`: the reason when nothing is returned (a body over the limit, a bad multipart type). `openSpool` is called
  // for bodies that go to disk. What the body has in memory is taken from `share`, which stays with the exchange.
  static std::unique_ptr<BodyReceiver> make(const Head& head, const BodyPlan& plan, const OpenSpool& openSpool,
                                            BodyBudget::Share share, Refusal& refusal);
  ~BodyReceiver();
  BodyReceiver(const BodyReceiver&) = delete;
  BodyReceiver& operator=(const BodyReceiver&) = delete;

  // Consumes bytes of the body only and leaves what follows it. Check done() and refusal() afterwards.
  std::size_t feed(std::string_view bytes);
  bool done() const { return done_; }
  const Refusal& refusal() const { return refusal_; }
  // The disk is slower than the client: read on when the spool reports progress.
  bool full() const { return spool_ && spool_->full(); }

  // After done().
  Refusal close() { return sink_->close(); }
  // After close(): true when everything is on disk, or has failed.
  bool settled() const { return !spool_ || spool_->settled(); }
  // The refusal of the disk.
  Refusal failure() const { return spool_ ? spool_->failure() : Refusal(); }
  Refusal deliver(RequestExchange& exchange) { return sink_->deliver(exchange); }

 private:
  BodyReceiver(std::unique_ptr<BodySink> sink, std::shared_ptr<Spool> spool, bool chunked, std::uint64_t left,
               std::uint64_t limit)
      : sink_(std::move(sink)), spool_(std::move(spool)), chunked_(chunked), left_(left), limit_(limit) {}

  std::unique_ptr<BodySink> sink_;
  const std::shared_ptr<Spool> spool_;  // null for bodies in memory
  const bool chunked_;
  std::uint64_t left_;
  const std::uint64_t limit_;
  std::uint64_t taken_ = 0;
  ChunkedDecoder decoder_;
  bool done_ = false;
  Refusal refusal_;
};

}  // namespace mortise::http
