// The bytes to be sent on one connection, in order: text, shared immutable buffers, file ranges and pulled ranges.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/byte_source.hpp"
#include "core/http/pulled_range.hpp"

namespace mortise::http {

class OutputQueue {
 public:
  // starved: the next bytes have not been pulled yet; failed: they can't be pulled.
  enum class Outcome { drained, blocked, budget, broken, truncated, starved, failed };
  struct Sent {
    std::uint64_t bytes = 0;
    Outcome outcome = Outcome::drained;
  };

  // A string for small text (heads, small bodies, frames). Call added() with the number of appended bytes afterwards.
  std::string& text();
  void added(std::size_t bytes) { memory_ += bytes; }

  void push(std::string body);
  void push(std::shared_ptr<const std::string> body);
  void push(std::shared_ptr<ByteSource> file, std::uint64_t offset, std::uint64_t length);

  void push(std::shared_ptr<PulledRange> range, std::uint64_t length);

  // Sends as much as the socket accepts; at most `fileBudget` bytes of files and pulled ranges. Never blocks; send()
  // never raises SIGPIPE.
  Sent send(int socket, std::size_t fileBudget);

  bool empty() const { return memory_ == 0 && file_ == 0; }
  std::size_t memoryBytes() const { return memory_; }
  std::uint64_t fileBytes() const { return file_; }  // includes pulled ranges
  // After Outcome::failed.
  std::string pullFailure() const;
  void clear();

 private:
  struct Segment {
    std::string own;
    std::shared_ptr<const std::string> shared;
    std::shared_ptr<ByteSource> file;
    std::shared_ptr<PulledRange> pulled;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;  // of a file or pulled range; texts have their own length
    bool open = false;         // text() may still append

    bool isText() const { return !file && !pulled; }
    std::size_t textLeft() const { return (shared ? shared->size() : own.size()) - offset; }
    const char* textAt() const { return (shared ? shared->data() : own.data()) + offset; }
  };
  // send() of one segment; `done`: the result of the system call.
  bool sendFile(Segment& first, int socket, std::size_t& budget, ssize_t& done, Outcome& outcome);
  ssize_t sendText(int socket);
  void consumeFile(Segment& first, std::size_t bytes);
  void consumeText(std::size_t bytes);
  void recycle();

  std::vector<Segment> segments_;
  std::size_t front_ = 0;
  std::size_t memory_ = 0;
  std::uint64_t file_ = 0;
};

}  // namespace mortise::http
