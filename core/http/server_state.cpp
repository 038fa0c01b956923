#include "core/http/server_state.hpp"

#include "core/ops/log.hpp"

namespace mortise::http {
namespace {

constexpr std::size_t kReaders = 8;  // most of their time they wait for a remote store

}  // namespace

WorkerPool& ServerState::readers() {
  const std::lock_guard lock(readersMutex_);
  if (!readers_)
    readers_ = std::make_unique<WorkerPool>("reader", kReaders, kTransferQueue, &ServerState::logTransferFailure);
  return *readers_;
}

void ServerState::stopTransfers() {
  spools->stop();
  const std::lock_guard lock(readersMutex_);
  if (readers_) readers_->stop();
}

void ServerState::logTransferFailure(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& error) {
    log::error("a transfer failed", {{"reason", error.what()}});
  } catch (...) {
    log::error("a transfer failed", {{"reason", "unknown exception"}});
  }
}

}  // namespace mortise::http
