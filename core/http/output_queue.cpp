#include "core/http/output_queue.hpp"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace mortise::http {
namespace {

constexpr std::size_t kPieces = 64;             // buffers passed to the kernel in one call
constexpr std::size_t kOpenText = 64 << 10;     // text() starts a new string above this size
constexpr std::size_t kKeptCapacity = 4 << 10;  // capacity that an idle connection may keep

}  // namespace

std::string& OutputQueue::text() {
  if (segments_.size() == front_ || !segments_.back().open || segments_.back().own.size() > kOpenText) {
    segments_.emplace_back();
    segments_.back().open = true;
  }
  return segments_.back().own;
}

void OutputQueue::push(std::string body) {
  if (body.empty()) return;
  memory_ += body.size();
  segments_.emplace_back();
  segments_.back().own = std::move(body);
}

void OutputQueue::push(std::shared_ptr<const std::string> body) {
  if (!body || body->empty()) return;
  memory_ += body->size();
  segments_.emplace_back();
  segments_.back().shared = std::move(body);
}

void OutputQueue::push(std::shared_ptr<ByteSource> file, std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return;
  file_ += length;
  segments_.emplace_back();
  segments_.back().file = std::move(file);
  segments_.back().offset = offset;
  segments_.back().length = length;
}

void OutputQueue::push(std::shared_ptr<PulledRange> range, std::uint64_t length) {
  if (length == 0) return;
  file_ += length;
  segments_.emplace_back();
  segments_.back().pulled = std::move(range);
  segments_.back().length = length;
}

std::string OutputQueue::pullFailure() const {
  const bool pulls = front_ < segments_.size() && segments_[front_].pulled;
  return pulls ? segments_[front_].pulled->failure() : std::string();
}

void OutputQueue::clear() {
  for (const Segment& segment : segments_) {
    if (segment.pulled) segment.pulled->abandon();
  }
  segments_.clear();
  front_ = 0;
  memory_ = 0;
  file_ = 0;
}

// Everything is sent: keep one small open string, so that the next reply needs no allocation.
void OutputQueue::recycle() {
  if (segments_.size() == 1 && segments_[0].open && segments_[0].own.capacity() <= kKeptCapacity) {
    segments_[0].own.clear();
    segments_[0].offset = 0;
    front_ = 0;
    return;
  }
  clear();
  segments_.shrink_to_fit();
}

void OutputQueue::consumeText(std::size_t bytes) {
  memory_ -= bytes;
  while (front_ < segments_.size()) {
    Segment& segment = segments_[front_];
    if (!segment.isText()) return;
    const std::size_t left = segment.textLeft();
    if (bytes < left) {
      segment.offset += bytes;
      return;
    }
    bytes -= left;
    if (front_ + 1 == segments_.size()) {  // recycle() handles the last one
      segment.offset += left;
      return;
    }
    segment = Segment();
    ++front_;
  }
}

void OutputQueue::consumeFile(Segment& first, std::size_t bytes) {
  first.offset += bytes;
  first.length -= bytes;
  file_ -= bytes;
  if (first.pulled) first.pulled->consume(bytes);
  if (first.length > 0) return;
  first = Segment();
  ++front_;
}

// Returns false when nothing can be sent now; `outcome` holds the reason.
bool OutputQueue::sendFile(Segment& first, int socket, std::size_t& budget, ssize_t& done, Outcome& outcome) {
  if (budget == 0) {
    outcome = Outcome::budget;
    return false;
  }
  if (first.pulled) {
    const std::string_view bytes = first.pulled->ready().substr(0, budget);
    if (bytes.empty()) {
      outcome = first.pulled->failure().empty() ? Outcome::starved : Outcome::failed;
      return false;
    }
    const int more = bytes.size() < first.length ? MSG_MORE : 0;
    done = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT | more);
  } else {
    off_t offset = static_cast<off_t>(first.offset);
    done = ::sendfile(socket, first.file->fd(), &offset, std::min<std::uint64_t>(first.length, budget));
    if (done == 0) {
      outcome = Outcome::truncated;
      return false;
    }
  }
  if (done > 0) {
    budget -= static_cast<std::size_t>(done);
    consumeFile(first, static_cast<std::size_t>(done));
  }
  return true;
}

ssize_t OutputQueue::sendText(int socket) {
  if (front_ + 1 == segments_.size()) {
    const Segment& only = segments_[front_];
    const ssize_t done = ::send(socket, only.textAt(), only.textLeft(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done > 0) consumeText(static_cast<std::size_t>(done));
    return done;
  }
  std::array<iovec, kPieces> pieces;
  std::size_t count = 0;
  bool fileFollows = false;
  for (std::size_t i = front_; i < segments_.size() && count < kPieces; ++i) {
    if (!segments_[i].isText()) {
      fileFollows = true;
      break;
    }
    pieces[count].iov_base = const_cast<char*>(segments_[i].textAt());
    pieces[count].iov_len = segments_[i].textLeft();
    ++count;
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = count;
  const ssize_t done = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT | (fileFollows ? MSG_MORE : 0));
  if (done > 0) consumeText(static_cast<std::size_t>(done));
  // An empty front can only be a drained text before a file that consumeText() left.
  if (front_ + 1 < segments_.size() && segments_[front_].isText() && segments_[front_].textLeft() == 0) {
    segments_[front_] = Segment();
    ++front_;
  }
  return done;
}

OutputQueue::Sent OutputQueue::send(int socket, std::size_t fileBudget) {
  Sent sent;
  while (!empty()) {
    if (front_ > 64 && front_ * 2 > segments_.size()) {
      segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(front_));
      front_ = 0;
    }
    Segment& first = segments_[front_];
    ssize_t done = 0;
    if (first.isText()) {
      done = sendText(socket);
    } else if (!sendFile(first, socket, fileBudget, done, sent.outcome)) {
      return sent;
    }
    if (done < 0) {
      if (errno == EINTR) continue;
      sent.outcome = errno == EAGAIN || errno == EWOULDBLOCK ? Outcome::blocked : Outcome::broken;
      return sent;
    }
    sent.bytes += static_cast<std::uint64_t>(done);
  }
  recycle();
  return sent;
}

}  // namespace mortise::http
