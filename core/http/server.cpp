#include "core/http/server.hpp"

#include <condition_variable>
#include <stdexcept>
#include <thread>

#include "core/http/io_thread.hpp"
#include "core/http/listener.hpp"
#include "core/http/server_state.hpp"
#include "core/ops/log.hpp"

namespace mortise::http {

struct Server::Implementation {
  std::shared_ptr<ServerState> state;
  std::vector<Listener> listeners;
  std::vector<std::string> addresses;
  std::vector<std::shared_ptr<IoThread>> threads;
  bool started = false;

  // Runs `action` on every I/O thread and waits for all of them.
  void onEach(const std::function<void(IoThread&)>& action) {
    std::mutex mutex;
    std::condition_variable done;
    std::size_t left = threads.size();
    const auto finished = [&] {
      const std::lock_guard lock(mutex);
      --left;
      done.notify_all();
    };
    for (const auto& thread : threads) {
      IoThread* io = thread.get();
      const bool posted = io->post([&, io] {
        action(*io);
        finished();
      });
      if (!posted) finished();
    }
    std::unique_lock lock(mutex);
    done.wait(lock, [&] { return left == 0; });
  }
};

Server::Server(ServerOptions options, Application& application) : implementation_(std::make_unique<Implementation>()) {
  implementation_->state = std::make_shared<ServerState>(std::move(options), application);
}

Server::~Server() { stop(); }

void Server::start() {
  Implementation& self = *implementation_;
  if (self.started) throw std::runtime_error("the HTTP server was started before");
  const ServerOptions& options = self.state->options;
  if (options.listen.empty()) throw std::runtime_error("the HTTP server has no address to listen on");
  for (const std::string& address : options.listen) {
    for (Listener& listener : Listener::open(address, options.socketFile))
      self.listeners.push_back(std::move(listener));
  }
  for (const Listener& listener : self.listeners) self.addresses.push_back(listener.address());
  self.started = true;
  const unsigned count = options.ioThreads == 0 ? 1 : options.ioThreads;
  for (unsigned i = 0; i < count; ++i) {
    auto thread = std::make_shared<IoThread>(self.state);
    thread->start(self.listeners);
    self.threads.push_back(std::move(thread));
  }
}

std::vector<std::string> Server::addresses() const { return implementation_->addresses; }

std::size_t Server::drain(std::chrono::milliseconds limit) {
  Implementation& self = *implementation_;
  if (self.threads.empty()) return 0;
  const auto deadline = Clock::now() + limit;
  self.state->draining.store(true, std::memory_order_relaxed);
  self.onEach([](IoThread& io) { io.stopAccepting(); });
  for (Listener& listener : self.listeners) listener.close();
  self.onEach([](IoThread& io) { io.drainConnections(); });
  constexpr auto kPoll = std::chrono::milliseconds(5);
  while (counters().connections.load(std::memory_order_acquire) > 0 && Clock::now() < deadline)
    std::this_thread::sleep_for(kPoll);
  std::size_t cut = 0;
  for (const auto& thread : self.threads) cut += thread->stop();
  return cut;
}

void Server::stop() {
  Implementation& self = *implementation_;
  self.state->draining.store(true, std::memory_order_relaxed);
  for (const auto& thread : self.threads) thread->stop();
  self.state->stopTransfers();
  for (Listener& listener : self.listeners) listener.close();
}

const ServerCounters& Server::counters() const { return implementation_->state->counters; }

std::uint64_t Server::bodyBytes() const { return implementation_->state->bodies.used(); }

std::uint64_t Server::refusedBodies() const { return implementation_->state->bodies.refused(); }

}  // namespace mortise::http
