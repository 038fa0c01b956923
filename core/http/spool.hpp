// Writes one body to disk. The I/O thread passes pieces on and continues; a thread of the server's spool pool opens the
// files, writes and hashes, so a stalled disk delays uploads and nothing else. The amount that waits for the disk is
// bounded: the connection stops reading while full() is true.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/byte_source.hpp"
#include "core/base/sha256.hpp"
#include "core/base/temporary_file.hpp"
#include "core/base/worker_pool.hpp"
#include "core/http/refusal.hpp"

namespace mortise::http {

// 507 storage_full or 500 internal, with a log line.
Refusal explainDisk(int reason, const char* what);

class Spool : public std::enable_shared_from_this<Spool> {
 public:
  static constexpr std::size_t kPiece = 128 << 10;
  static constexpr std::size_t kSmallPiece = 16 << 10;  // what a piece takes until it has more bytes
  static constexpr std::size_t kWindow = 1 << 20;       // of one body, not yet written
  static constexpr std::size_t kAllWindows = 40 << 20;  // of all bodies: above it each may have one piece in progress

  // `pool` has to be stopped before its last owner goes, which may be a file or one of its own threads.
  // `all` counts the waiting bytes of all bodies of the server. `progressed` is called on a spool thread when a full
  // spool has room again, when everything is written after close(), and on failure.
  Spool(std::shared_ptr<WorkerPool> pool, std::atomic<std::uint64_t>& all, std::string directory,
        std::function<void()> progressed);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // I/O thread. The first piece starts a file, which ends where the next file starts or with close().
  void beginFile();
  void write(std::string_view bytes);
  std::uint64_t size() const { return size_; }  // of the file that is being written
  void close();                                 // no more pieces follow
  bool full();
  bool settled();  // closed, and everything is written or has failed
  Refusal failure();
  // In order, once settled() without a failure. A thread of the pool closes each when it is let go: the last close of a
  // file without a name frees its bytes on the disk, and waits for that.
  std::vector<std::shared_ptr<ByteSource>> takeFiles();
  // Abandons the body: drops waiting pieces; no callback follows.
  void abandon();

 private:
  struct Step {
    bool begins = false;
    std::string bytes;
  };
  struct OpenFile {
    explicit OpenFile(const std::string& directory) : file(directory) {}
    TemporaryFile file;
    Sha256 digest;
  };
  void hand(Step step);
  void run();
  void perform(Step& step);
  void finishFile();
  void fail(Refusal refusal);
  void forget();  // mutex held: drops waiting pieces

  const std::shared_ptr<WorkerPool> pool_;
  std::atomic<std::uint64_t>& all_;
  const std::string directory_;
  std::string piece_;  // I/O thread: bytes not yet passed on
  std::uint64_t size_ = 0;
  bool used_ = false;  // I/O thread

  std::mutex mutex_;
  std::function<void()> progressed_;
  std::deque<Step> steps_;
  std::size_t waiting_ = 0;
  bool running_ = false;  // a spool thread is working on it, or will be
  bool closed_ = false;
  bool stalled_ = false;  // full() was true, and `progressed` was not called since
  bool abandoned_ = false;
  Refusal failure_;

  // Of the spool thread that runs.
  std::unique_ptr<OpenFile> open_;
  std::vector<std::shared_ptr<ByteSource>> files_;
};

}  // namespace mortise::http
