#include "egress/name_lookups.hpp"

#include <netdb.h>
#include <pthread.h>
#include <resolv.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace agent::egress {
namespace {

constexpr std::size_t kThreads = 32;
constexpr std::size_t kMaxWaiting = 1000;
constexpr int kOfOneBox = 2;  // at once, so that slow names of one box leave threads to others
constexpr std::size_t kMaxAddresses = 16;
constexpr int kSecondsPerServer = 3;

// The resolver's state is one per thread: a stop of the server waits for these threads.
void hurry() {
  thread_local bool done = false;
  if (std::exchange(done, true) || res_init() != 0) return;
  _res.retrans = kSecondsPerServer;
  _res.retry = 1;
  _res.options &= ~static_cast<decltype(_res.options)>(RES_DNSRCH | RES_DEFNAMES);
}

}  // namespace

std::vector<Address> systemLookup(const std::string& host, std::uint16_t port) {
  hurry();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* first = nullptr;
  std::vector<Address> out;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &first) != 0) return out;
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(first, freeaddrinfo);
  for (const addrinfo* one = first; one != nullptr && out.size() < kMaxAddresses; one = one->ai_next) {
    if (one->ai_family == AF_INET || one->ai_family == AF_INET6) out.emplace_back(*one->ai_addr, port);
  }
  return out;
}

NameLookups::NameLookups(Lookup lookup, std::function<void()> wake)
    : lookup_(std::move(lookup)), wake_(std::move(wake)) {
  for (std::size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this] { work(); });
}

NameLookups::~NameLookups() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

bool NameLookups::ask(std::uint64_t id, std::uint64_t box, const Target& target) {
  {
    const std::lock_guard lock(mutex_);
    if (asked_.size() >= kMaxWaiting) return false;
    asked_.push_back({id, box, target});
  }
  changed_.notify_one();
  return true;
}

void NameLookups::forget(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  std::erase_if(asked_, [&](const Asked& one) { return one.id == id; });
}

std::vector<NameLookups::Answer> NameLookups::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(answers_, {});
}

std::list<NameLookups::Asked>::iterator NameLookups::next() {
  return std::find_if(asked_.begin(), asked_.end(), [&](const Asked& one) {
    const auto busy = running_.find(one.box);
    return busy == running_.end() || busy->second < kOfOneBox;
  });
}

void NameLookups::work() {
  pthread_setname_np(pthread_self(), "agent-names");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return ending_ || next() != asked_.end(); });
    if (ending_) return;
    const auto place = next();
    const auto asked = std::move(*place);
    asked_.erase(place);
    ++running_[asked.box];
    lock.unlock();
    auto addresses = lookup_(asked.target.host, asked.target.port);
    lock.lock();
    if (--running_[asked.box] == 0) running_.erase(asked.box);
    answers_.push_back({asked.id, std::move(addresses)});
    changed_.notify_one();  // one of this box may have waited for its turn
    wake_();
  }
}

}  // namespace agent::egress
