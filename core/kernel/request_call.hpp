// One matched request on its way through the checks and the handler: implements plugin::Call over one http::Exchange.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/network_address.hpp"
#include "core/contract/operation.hpp"
#include "core/contract/route_table.hpp"
#include "core/dialect/dialect.hpp"
#include "core/http/exchange.hpp"
#include "core/identity/principal.hpp"
#include "core/kernel/answering.hpp"
#include "core/plugin/call.hpp"
#include "core/services/limits/slots.hpp"

namespace mortise::kernel {

// The family that answers. Some paths belong to two; a cookie indicates the one of browsers. The cookie is verified
// later: its refusal uses that family, too.
const contract::Conventions* conventionsFor(const contract::Match& match, const http::Fields& fields);

class RequestCall final : public plugin::Call, public std::enable_shared_from_this<RequestCall> {
 public:
  RequestCall(const Answering& answering, http::ExchangePtr exchange, contract::Match match, std::string address);

  // plugin::Call
  std::string_view operationId() const override {
    return match_.operation ? std::string_view(match_.operation->id) : std::string_view{};
  }
  std::string_view requestId() const override { return exchange_->requestId(); }
  std::string_view logId() const override { return exchange_->logId(); }
  std::string_view clientRequestId() const override { return exchange_->clientRequestId(); }
  std::string_view method() const override { return exchange_->head().methodText(); }
  std::string_view path() const override { return exchange_->head().path; }
  std::string_view address() const override { return address_; }
  std::string_view network() const override {
    std::call_once(networkOnce_, [this] { network_ = ClientNetworks::of(address_).nearest; });
    return network_;
  }
  std::string_view language() const override {
    return askedLanguage_.empty() ? std::string_view(match_.conventions->language) : askedLanguage_;
  }
  std::string_view askedLanguage() const override { return askedLanguage_; }
  const mortise_principal* principal() const override { return &principalView_; }
  bool permitted(std::string_view permission) const override;
  const json::Value* parameter(mortise_in in, std::string_view name, std::size_t index) const override;
  std::string_view header(std::string_view name) const override { return exchange_->head().fields.get(name); }
  const json::Value* body() const override { return hasBody_ ? &body_ : nullptr; }
  std::string_view csrfToken() const override { return csrfToken_; }
  const http::ExchangePtr& exchange() const override { return exchange_; }
  bool enveloped() const override { return match_.operation == nullptr || match_.operation->envelope; }
  bool expired() const override;
  bool reply(plugin::CallReply reply) override;
  bool fail(Problem problem) override;
  bool replyFile(std::shared_ptr<ByteSource> file, plugin::FileReply reply) override;
  std::shared_ptr<http::Stream> openStream(const mortise_stream_options& options) override;
  void abortStream() override;
  std::shared_ptr<http::WebSocket> upgrade(http::WebSocket::Options options,
                                           http::WebSocket::Callbacks callbacks) override;
  void retain() override;
  void release() override;

  // For the dispatcher and the kernel's own handlers.
  const contract::Operation* operation() const { return match_.operation.get(); }
  const contract::Match& match() const { return match_; }
  bool answered() const { return answered_.load(std::memory_order_acquire); }
  // The moment from which on the call counts as expired while it is unanswered. Before the handler runs.
  void limitTime(std::chrono::steady_clock::time_point due) { due_.store(due, std::memory_order_release); }
  bool timeIsOver() const;
  // Fails an unanswered call with 504 "timeout".
  void timeOut();
  void setPrincipal(identity::PrincipalPtr principal);
  const identity::PrincipalPtr& principalPtr() const { return principal_; }
  void setCsrfToken(std::string token) { csrfToken_ = std::move(token); }
  // Each throws the Problem of its check.
  void checkSyntax();
  void checkShape();
  bool replyRaw(http::Reply reply);  // status and fields unchanged, plus those that every reply carries
  // The Problem in this request's dialect, to be sent at once: logs it and releases the slots.
  http::Reply errorReply(const Problem& problem);
  // Holds the slot of a concurrent bucket until the exchange is over, or only until the answer is there when that is
  // neither a file nor a stream: a client that has read it may send its next request at once.
  void hold(services::Slots::Held slot);
  void releaseSlots();
  bool isRetained() const { return retained_.load(std::memory_order_acquire) > 0; }
  dialect::Context context() const;  // without the URL, which only errors contain

  std::size_t nextCheck = 0;  // position in the contract's list of checks
  bool bodyReceived = false;

 private:
  bool send(const Problem& problem);
  bool claim() { return !answered_.exchange(true, std::memory_order_acq_rel); }
  void decorate(http::Fields& fields) const;
  void readForm(std::string_view bytes);
  // Completes the handshake and sends the refusal as a close code. Returns false where that is impossible.
  bool refuseByClose(const Problem& problem);
  void convertParameters(std::vector<FieldError>& errors);
  std::vector<std::string> granted() const;

  struct Typed {
    contract::In in;
    std::string_view name;  // into the operation
    json::Value value;      // scalar, or a list for repeated ones
    bool repeated;
  };

  const Answering& answering_;
  http::ExchangePtr exchange_;
  contract::Match match_;
  std::string address_;
  mutable std::once_flag networkOnce_;  // few handlers ask
  mutable std::string network_;
  std::string_view askedLanguage_;
  std::string csrfToken_;
  identity::PrincipalPtr principal_;
  std::atomic<bool> principalKnown_{false};  // a deadline may answer from another thread
  mortise_principal principalView_{};
  json::Document body_;
  bool hasBody_ = false;
  json::Document memory_;  // allocator of parameter values
  std::vector<Typed> parameters_;
  std::atomic<bool> answered_{false};
  std::atomic<bool> timedOut_{false};
  std::atomic<std::chrono::steady_clock::time_point> due_{std::chrono::steady_clock::time_point::max()};
  std::atomic<int> retained_{0};
  std::shared_ptr<RequestCall> self_;  // set while a module holds it
  mutable std::mutex streamMutex_;     // a handler may open its stream from another thread than its own
  std::weak_ptr<http::Stream> stream_;
  mutable std::vector<std::string> granted_;  // permissions for which the handler asked, and which the caller has
  std::mutex slotsMutex_;                     // slots are taken on one thread and released on another
  std::vector<services::Slots::Held> slots_;
  bool slotsReleased_ = false;
};
using RequestCallPtr = std::shared_ptr<RequestCall>;

}  // namespace mortise::kernel
