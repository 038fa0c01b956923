// The WebSocket that handlers hold. Messages are framed in the sender's thread.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "core/http/channel.hpp"
#include "core/http/connection.hpp"
#include "core/http/exchange.hpp"
#include "core/http/websocket_decoder.hpp"
#include "core/http/websocket_frame.hpp"

namespace mortise::http {

class WebSocketHandle final : public WebSocket {
 public:
  explicit WebSocketHandle(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}

  bool send(Opcode opcode, std::string message) override {
    if (!channel_->open()) return false;
    std::string frame;
    frame.reserve(message.size() + 10);
    appendFrame(frame, static_cast<std::uint8_t>(opcode), message);
    return channel_->send(std::make_shared<const std::string>(std::move(frame)));
  }
  void close(int code, std::string reason) override {
    const int sane = isValidCloseCode(code) ? code : 1000;
    {
      const std::lock_guard lock(mutex_);
      if (!wish_) wish_.emplace(sane, reason);
    }
    if (!channel_->shut()) return;
    channel_->withConnection([sane, reason](Connection& connection) { connection.closeWebSocket(sane, reason); });
  }
  void pauseReading(bool paused) override {
    channel_->withConnection([paused](Connection& connection) { connection.pauseWebSocket(paused); });
  }
  std::size_t queuedBytes() const override { return channel_->queuedBytes(); }
  bool open() const override { return channel_->open(); }

  // Code and reason of close(); the upgrade may complete later.
  std::optional<std::pair<int, std::string>> wish() const {
    const std::lock_guard lock(mutex_);
    return wish_;
  }

 private:
  const std::shared_ptr<Channel> channel_;
  mutable std::mutex mutex_;
  std::optional<std::pair<int, std::string>> wish_;
};

}  // namespace mortise::http
