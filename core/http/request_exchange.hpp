// The server's own Exchange. Usable from any thread; everything that uses the connection runs on the I/O thread.
#pragma once

#include <atomic>
#include <mutex>

#include "core/http/body_budget.hpp"
#include "core/http/exchange.hpp"
#include "core/http/io_thread.hpp"

namespace mortise::http {

class RequestExchange final : public Exchange {
 public:
  RequestExchange(std::shared_ptr<IoThread> io, std::uint64_t connectionId, std::shared_ptr<const Peer> peer);

  const Head& head() const override { return head_; }
  const Peer& peer() const override { return *peer_; }
  std::uint64_t connectionId() const override { return connectionId_; }
  const std::string& requestId() const override { return clientId_.empty() ? ownId_ : clientId_; }
  const std::string& logId() const override { return ownId_; }
  std::string_view clientRequestId() const override { return clientId_; }
  void markRequestId(std::string_view prefix, bool (*accepts)(std::string_view clientId)) override {
    ownId_.insert(0, prefix);
    if (accepts != nullptr && !clientId_.empty() && !accepts(clientId_)) clientId_.clear();
  }
  std::chrono::steady_clock::time_point received() const override { return received_; }
  std::string_view body() const override { return body_; }
  const std::shared_ptr<ByteSource>& spooled() const override { return spooled_; }
  const std::vector<Part>& parts() const override { return parts_; }
  bool reply(Reply reply) override;
  void admit(BodyPlan plan) override;
  std::shared_ptr<Stream> startStream(int status, Fields fields, std::string heartbeat,
                                      std::chrono::seconds heartbeatEvery) override;
  bool wantsWebSocket() const override;
  std::vector<std::string> offeredSubprotocols() const override;
  std::shared_ptr<WebSocket> upgrade(WebSocket::Options options, WebSocket::Callbacks callbacks,
                                     Fields fields) override;
  bool clientGone() const override { return gone_.load(std::memory_order_acquire); }
  void onClientGone(std::function<void()> callback) override;

  // For the connection, on its I/O thread.
  Head& mutableHead() { return head_; }
  void setBody(std::string body, BodyBudget::Share share) {
    body_ = std::move(body);
    share_ = std::move(share);
  }
  void setSpooled(std::shared_ptr<ByteSource> file) { spooled_ = std::move(file); }
  void setParts(std::vector<Part> parts, BodyBudget::Share share) {
    parts_ = std::move(parts);
    share_ = std::move(share);
  }
  void identify();  // sets the ids once the head is known
  bool claim() { return !answered_.exchange(true, std::memory_order_acq_rel); }
  bool answered() const { return answered_.load(std::memory_order_acquire); }
  void leave();            // the client is gone: notifies the registered callback, once
  void settle();           // the reply is sent: the callback is not needed any more
  bool announced = false;  // the application has seen the exchange, so onFinished must follow

 private:
  std::shared_ptr<RequestExchange> self() { return std::static_pointer_cast<RequestExchange>(shared_from_this()); }
  void prepare(Reply& reply) const;

  const std::shared_ptr<IoThread> io_;
  const std::uint64_t connectionId_;
  const std::shared_ptr<const Peer> peer_;
  const std::chrono::steady_clock::time_point received_;
  Head head_;
  std::string ownId_;
  std::string clientId_;     // empty: none that is well-formed
  BodyBudget::Share share_;  // of the memory of body_ and parts_
  std::string body_;
  std::shared_ptr<ByteSource> spooled_;
  std::vector<Part> parts_;
  std::atomic<bool> answered_{false};
  std::atomic<bool> gone_{false};
  std::mutex mutex_;
  bool settled_ = false;
  std::vector<std::function<void()>> goneCallbacks_;
};

}  // namespace mortise::http
