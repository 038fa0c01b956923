// Addresses of names, from threads that may wait for them.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "egress/reach.hpp"

namespace agent::egress {

// Gives the addresses of a name; none when there are none, or when it can't be found out. May block, some seconds.
using Lookup = std::function<std::vector<Address>(const std::string& host, std::uint16_t port)>;

// By the system's ways (/etc/hosts, DNS), without search domains; at most some seconds per server of names.
std::vector<Address> systemLookup(const std::string& host, std::uint16_t port);

class NameLookups {
 public:
  struct Answer {
    std::uint64_t id = 0;
    std::vector<Address> addresses{};
  };

  // `wake`: called from threads of this when there is something to take. At most two of one box are looked up at once.
  NameLookups(Lookup lookup, std::function<void()> wake);
  // Waits for those that are being looked up.
  ~NameLookups();
  NameLookups(const NameLookups&) = delete;
  NameLookups& operator=(const NameLookups&) = delete;

  // `id`: what take() names it by. False when too many wait.
  bool ask(std::uint64_t id, std::uint64_t box, const Target& target);
  void forget(std::uint64_t id);
  std::vector<Answer> take();

 private:
  struct Asked {
    std::uint64_t id;
    std::uint64_t box;
    Target target;
  };
  void work();
  std::list<Asked>::iterator next();

  const Lookup lookup_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Asked> asked_;
  std::map<std::uint64_t, int> running_;  // per box
  std::vector<Answer> answers_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace agent::egress
