// How often entries were found: counted here and written together, since a search that writes makes each later search
// read its pages of the database anew.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "knowledge/entry_store.hpp"

namespace projects {

// What was counted is in the database a second later, and when this ends; a server that is killed loses that second.
// While the database can't be written to, counts are kept, of kMaxEntries entries. Any number of threads.
class RetrievalCounts {
 public:
  using TellFailure = std::function<void(std::string_view reason, std::size_t entries)>;

  // `tell`: called once when counts can't be written, and again after some were: on this object's thread, or in stop().
  RetrievalCounts(EntryStore entries, TellFailure tell) : entries_(entries), tell_(std::move(tell)) {}
  RetrievalCounts(const RetrievalCounts&) = delete;
  RetrievalCounts& operator=(const RetrievalCounts&) = delete;
  ~RetrievalCounts() { stop(); }

  void start();
  // Writes what is left. What is counted afterwards is lost.
  void stop();

  // Once more for each of the entries.
  void add(const std::vector<std::int64_t>& ids);

 private:
  static constexpr std::chrono::seconds kPause{1};
  static constexpr std::size_t kMaxEntries = 100000;

  void keep(std::int64_t id, std::int64_t times);  // with the lock
  void run();
  void write();

  EntryStore entries_;
  TellFailure tell_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::int64_t, std::int64_t> counts_;  // entry to its count
  bool stopping_ = false;
  bool told_ = false;  // of whoever writes
  std::thread thread_;
};

}  // namespace projects
