// A call without a socket that records its answer: for `mortise module check` and tests.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "core/plugin/call.hpp"

namespace mortise::plugin {

class RecordingCall : public Call {
 public:
  explicit RecordingCall(std::string operation) : operation_(std::move(operation)) {
    principal_.struct_size = sizeof principal_;
    principal_.credential = MORTISE_CREDENTIAL_NONE;
  }

  std::string_view operationId() const override { return operation_; }
  std::string_view requestId() const override { return "check"; }
  std::string_view method() const override { return "GET"; }
  std::string_view path() const override { return "/"; }
  std::string_view address() const override { return "127.0.0.1"; }
  std::string_view network() const override { return address(); }
  std::string_view language() const override { return "en"; }
  const mortise_principal* principal() const override { return &principal_; }
  bool permitted(std::string_view) const override { return false; }
  const json::Value* parameter(mortise_in, std::string_view, std::size_t) const override { return nullptr; }
  std::string_view header(std::string_view) const override { return {}; }
  const json::Value* body() const override { return nullptr; }
  const http::ExchangePtr& exchange() const override { return exchange_; }
  bool enveloped() const override { return hasEnvelope; }
  bool expired() const override { return isExpired; }

  bool reply(CallReply reply) override {
    const std::lock_guard lock(mutex_);
    if (answered()) return false;
    replied = std::move(reply);
    return true;
  }
  bool fail(Problem problem) override {
    const std::lock_guard lock(mutex_);
    if (answered()) return false;
    failed = std::move(problem);
    return true;
  }
  bool replyFile(std::shared_ptr<ByteSource> file, FileReply reply) override {
    const std::lock_guard lock(mutex_);
    if (answered()) return false;
    sentFile = std::move(file);
    sentAs = std::move(reply);
    return true;
  }
  std::shared_ptr<http::Stream> openStream(const mortise_stream_options&) override { return nullptr; }
  void abortStream() override {}
  std::shared_ptr<http::WebSocket> upgrade(http::WebSocket::Options, http::WebSocket::Callbacks) override {
    return nullptr;
  }
  void retain() override { references.fetch_add(1); }
  void release() override { references.fetch_sub(1); }

  std::optional<CallReply> replied;
  bool hasEnvelope = true;
  std::atomic<bool> isExpired{false};
  std::optional<Problem> failed;
  std::shared_ptr<ByteSource> sentFile;
  FileReply sentAs;
  std::atomic<int> references{1};

 protected:
  bool answered() const { return replied || failed || sentFile; }

  std::mutex mutex_;
  mortise_principal principal_{};
  http::ExchangePtr exchange_;

 private:
  const std::string operation_;
};

}  // namespace mortise::plugin
