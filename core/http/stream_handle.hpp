// The Stream that handlers hold.
#pragma once

#include "core/http/channel.hpp"
#include "core/http/connection.hpp"
#include "core/http/exchange.hpp"

namespace mortise::http {

class StreamHandle final : public Stream {
 public:
  explicit StreamHandle(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}

  bool send(std::shared_ptr<const std::string> bytes) override { return channel_->send(std::move(bytes)); }
  void close() override {
    if (channel_->shut()) channel_->withConnection([](Connection& connection) { connection.endStream(); });
  }
  void abort() override {
    if (channel_->shut(Channel::End::cut))
      channel_->withConnection([](Connection& connection) { connection.abortStream(); });
  }
  std::size_t queuedBytes() const override { return channel_->queuedBytes(); }
  bool open() const override { return channel_->open(); }
  void onClosed(std::function<void()> callback) override { channel_->onClosed(std::move(callback)); }
  void onDrained(std::function<void()> callback) override { channel_->onDrained(std::move(callback)); }

 private:
  const std::shared_ptr<Channel> channel_;
};

}  // namespace mortise::http
