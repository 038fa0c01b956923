// The server's side of the frames (protocol.hpp), without a socket: what to send, and what came back. Every byte of the
// helper may be hostile: a frame that does not fit what was asked breaks the link, and nothing that it holds grows beyond
// what the credits allow.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "fd.hpp"
#include "protocol.hpp"

namespace agent::sandbox {

inline constexpr std::uint32_t kCredit = 256U << 10U;  // bytes of output of one channel on their way
// Channels: the helper refuses beyond half of them.
inline constexpr std::size_t kMaxOpen = std::size_t{2} * wire::kMaxChannels;
inline constexpr int kNotBegun = 1000;  // a status beyond it: the helper could not begin, with this errno

enum class Purpose : std::uint8_t { command, program, connection, file };

// One command, program, connection or file operation.
struct Channel {
  std::uint32_t id = 0;
  Purpose purpose = Purpose::command;
  // Takes output; none: it waits in `buffer`. Must not throw.
  std::function<void(std::string_view)> sink{};
  std::string buffer{};
  std::uint32_t credit = 0;        // given and not used
  std::uint32_t owed = 0;          // used and not given again
  std::uint32_t waitingInput = 0;  // sent and not taken
  bool started = false;            // of a program
  Fd descriptor{};                 // of a connection
  bool exited = false;
  int status = 0;
  bool closed = false;
};

// Not safe from several threads.
class Link {
 public:
  using Ptr = std::shared_ptr<Channel>;

  void hello(const wire::Hello& limits);
  Ptr exec(std::string_view directory, std::string_view command, std::function<void(std::string_view)> sink);
  Ptr file(wire::FileOperation operation, std::string_view path, std::uint64_t offset, std::uint64_t most);
  // `numbers`: of each of `descriptors` in the program. `arguments` and `environment`: texts that each end with a NUL.
  Ptr spawn(std::string_view directory, std::string_view arguments, std::string_view environment,
            std::string_view numbers, std::vector<Fd> descriptors);
  Ptr connect(std::string_view path);
  // Of a file that is written, empty: its end. At most kMaxInput may wait.
  void input(Channel& channel, std::string_view bytes);
  void kill(Channel& channel) { put(wire::Type::kill, channel); }
  void close(Channel& channel) { put(wire::Type::close, channel); }
  // Gives credit for what was taken, up to `most` bytes.
  std::uint32_t repay(Channel& channel, std::uint32_t most);
  void ping();

  // What has to be sent next, in one call with the descriptors; none of them: null.
  struct Outgoing {
    std::string_view bytes;
    const std::vector<Fd>* descriptors = nullptr;
  };
  Outgoing outgoing() const;
  // So many of these bytes were sent, and with the first the descriptors.
  void sent(std::size_t bytes);
  std::size_t unsent() const { return outbox_.size() - outAt_; }
  // Nothing will be sent any more: descriptors that wait are closed.
  void drop();
  // `descriptor`: that came with these bytes, a stream socket of the unix family (descriptors.hpp). False: the link is
  // broken, and the box has to go. So it is when more than kMaxOpen channels were never closed.
  bool receive(std::string_view bytes, Fd descriptor = {});
  bool ready() const { return ready_; }
  int pings() const { return pings_; }  // not answered
  // Channels on which something lives.
  std::size_t channels() const { return channels_.size(); }
  const std::map<std::uint32_t, Ptr>& all() const { return channels_; }

 private:
  Ptr begin(Purpose purpose, std::uint32_t credit);
  void put(wire::Type type, const Channel& channel);
  void putFrame(wire::Type type, std::uint32_t channel, std::string_view payload);
  bool accept(const wire::Frame& frame);
  bool acceptDescriptor(Channel& channel, const wire::Frame& frame);
  bool acceptExit(Channel& channel, const wire::Frame& frame);
  static bool takeOutput(Channel& channel, std::string_view bytes);

  std::map<std::uint32_t, Ptr> channels_;
  std::uint32_t last_ = 0;
  std::string inbox_;
  std::deque<Fd> received_;      // descriptors whose frame has not come
  std::size_t connections_ = 0;  // not answered
  std::string outbox_;
  std::size_t outAt_ = 0;  // up to here it was sent
  struct Passing {
    std::size_t at;  // in outbox_
    std::vector<Fd> descriptors;
  };
  std::deque<Passing> passing_;
  bool ready_ = false;
  int pings_ = 0;
};

}  // namespace agent::sandbox
