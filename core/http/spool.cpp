#include "core/http/spool.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "core/base/file_source.hpp"
#include "core/http/grow.hpp"
#include "core/ops/log.hpp"

namespace mortise::http {
namespace {

constexpr int kStepsPerTurn = 16;  // then other bodies get the thread

std::shared_ptr<ByteSource> closedBy(const std::shared_ptr<WorkerPool>& pool, std::unique_ptr<ByteSource> file) {
  return {file.release(), [pool](ByteSource* last) {
            std::unique_ptr<ByteSource> owned(last);
            try {
              if (pool->post([last] { delete last; })) static_cast<void>(owned.release());
            } catch (const std::bad_alloc&) {  // closed here then
            }
          }};
}

}  // namespace

Refusal explainDisk(int reason, const char* what) {
  log::error(what, {{"reason", std::strerror(reason)}});
  if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG) {
    return Refusal(507, "storage_full", "no room left for the request body");
  }
  return Refusal(500, "internal", "cannot store the request body");
}

Spool::Spool(std::shared_ptr<WorkerPool> pool, std::atomic<std::uint64_t>& all, std::string directory,
             std::function<void()> progressed)
    : pool_(std::move(pool)), all_(all), directory_(std::move(directory)), progressed_(std::move(progressed)) {}

Spool::~Spool() { forget(); }

void Spool::beginFile() {
  if (!piece_.empty()) hand({false, std::exchange(piece_, {})});
  size_ = 0;
  hand({true, {}});
}

void Spool::write(std::string_view bytes) {
  size_ += bytes.size();
  while (!bytes.empty()) {
    const auto run = bytes.substr(0, kPiece - piece_.size());
    bytes.remove_prefix(run.size());
    const std::size_t size = piece_.size() + run.size();
    if (size > piece_.capacity()) growTo(piece_, size <= kSmallPiece ? kSmallPiece : kPiece);
    piece_.append(run);
    if (size == kPiece) hand({false, std::exchange(piece_, {})});
  }
}

void Spool::close() {
  if (!piece_.empty()) hand({false, std::exchange(piece_, {})});
  bool start = false;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    start = used_ && !running_ && !failure_;
    if (start) running_ = true;
  }
  if (start && !pool_->post([self = shared_from_this()] { self->run(); }))
    fail(Refusal(503, "unavailable", "the server is stopping"));
}

void Spool::hand(Step step) {
  used_ = true;
  step.bytes.shrink_to_fit();  // a form may have many small files
  {
    const std::lock_guard lock(mutex_);
    if (failure_ || abandoned_) return;
    waiting_ += step.bytes.size();
    all_.fetch_add(step.bytes.size(), std::memory_order_relaxed);
    steps_.push_back(std::move(step));
    if (std::exchange(running_, true)) return;
  }
  if (!pool_->post([self = shared_from_this()] { self->run(); }))
    fail(Refusal(503, "unavailable", "the server is stopping"));
}

bool Spool::full() {
  const std::lock_guard lock(mutex_);
  if (failure_ || waiting_ == 0) return false;
  if (waiting_ < kWindow && all_.load(std::memory_order_relaxed) < kAllWindows) return false;
  stalled_ = true;
  return true;
}

bool Spool::settled() {
  const std::lock_guard lock(mutex_);
  return failure_ || (closed_ && !running_);
}

Refusal Spool::failure() {
  const std::lock_guard lock(mutex_);
  return failure_;
}

std::vector<std::shared_ptr<ByteSource>> Spool::takeFiles() { return std::move(files_); }

void Spool::abandon() {
  {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    progressed_ = nullptr;
    forget();
    if (running_ || !open_) return;
    running_ = true;
  }
  try {
    static_cast<void>(pool_->post([self = shared_from_this()] { self->run(); }));  // closes the file
  } catch (const std::bad_alloc&) {  // the destructor of this object closes it then
  }
}

void Spool::forget() {
  all_.fetch_sub(waiting_, std::memory_order_relaxed);
  waiting_ = 0;
  steps_.clear();
}

void Spool::fail(Refusal refusal) {
  std::function<void()> notify;
  {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(refusal);
    running_ = false;
    forget();
    notify = progressed_;
  }
  if (notify) notify();
}

// [spool thread] One at a time for each body: running_ is the lock.
void Spool::run() {
  try {
    for (int done = 0; done < kStepsPerTurn; ++done) {
      Step step;
      bool last = false;
      {
        const std::lock_guard lock(mutex_);
        if (abandoned_) {
          running_ = false;
          break;
        }
        if (steps_.empty()) {
          last = closed_;
          if (!last) {
            running_ = false;
            return;
          }
        } else {
          step = std::move(steps_.front());
          steps_.pop_front();
        }
      }
      std::function<void()> notify;
      if (last) {
        finishFile();
        const std::lock_guard lock(mutex_);
        running_ = false;
        notify = progressed_;
      } else {
        perform(step);
        const std::lock_guard lock(mutex_);
        const std::size_t written = abandoned_ ? 0 : step.bytes.size();  // else it was subtracted already
        waiting_ -= written;
        all_.fetch_sub(written, std::memory_order_relaxed);
        const std::size_t low = all_.load(std::memory_order_relaxed) < kAllWindows ? kWindow / 2 : 0;
        if (stalled_ && waiting_ <= low) {
          stalled_ = false;
          notify = progressed_;
        }
      }
      if (notify) notify();
      if (last) return;
    }
    bool over = false;
    {
      const std::lock_guard lock(mutex_);
      over = abandoned_;
      running_ = !over;
    }
    if (over) {
      open_.reset();
      files_.clear();
    } else if (!pool_->post([self = shared_from_this()] { self->run(); })) {
      fail(Refusal(503, "unavailable", "the server is stopping"));
    }
  } catch (const std::system_error& error) {
    open_.reset();
    fail(explainDisk(error.code().value(), error.what()));
  } catch (const std::exception& error) {
    open_.reset();
    log::error("cannot store a request body", {{"reason", error.what()}});
    fail(Refusal(500, "internal", "cannot store the request body"));
  }
}

void Spool::perform(Step& step) {
  if (step.begins) {
    finishFile();
    open_ = std::make_unique<OpenFile>(directory_);
    return;
  }
  open_->file.write(step.bytes);
  open_->digest.add(step.bytes);
}

void Spool::finishFile() {
  if (!open_) return;
  const std::uint64_t size = open_->file.size();
  files_.push_back(closedBy(pool_, std::make_unique<FileSource>(open_->file.release(), size, open_->digest.hex())));
  open_.reset();
}

}  // namespace mortise::http
