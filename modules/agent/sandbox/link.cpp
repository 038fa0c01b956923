#include "link.hpp"

#include <algorithm>

namespace agent::sandbox {
namespace {

using wire::Type;

constexpr int kMaxStatus = 255;
constexpr int kMaxErrno = 4095;

}  // namespace

void Link::putFrame(Type type, std::uint32_t channel, std::string_view payload) {
  char head[wire::kHead];
  wire::putHead(head, type, channel, static_cast<std::uint32_t>(payload.size()));
  outbox_.append(head, sizeof head).append(payload);
}

void Link::put(Type type, const Channel& channel) {
  if (!channel.closed) putFrame(type, channel.id, {});
}

void Link::hello(const wire::Hello& limits) {
  char payload[wire::Hello::kSize];
  limits.write(payload);
  putFrame(Type::hello, 0, {payload, sizeof payload});
}

Link::Ptr Link::begin(std::uint32_t credit) {
  auto channel = std::make_shared<Channel>();
  channel->id = ++last_;
  channel->owed = credit;
  channels_[channel->id] = channel;
  return channel;
}

Link::Ptr Link::exec(std::string_view directory, std::string_view command, std::function<void(std::string_view)> sink) {
  auto channel = begin(kCredit);
  channel->sink = std::move(sink);
  const wire::Exec fixed;
  std::string payload(wire::Exec::kFixed, '\0');
  wire::putU32(payload.data(), fixed.rows | (static_cast<std::uint32_t>(fixed.columns) << 16));
  wire::putU32(payload.data() + 4, static_cast<std::uint32_t>(directory.size()));
  payload.append(directory).append(command);
  putFrame(Type::exec, channel->id, payload);
  repay(*channel, kCredit);
  return channel;
}

Link::Ptr Link::file(wire::FileOperation operation, std::string_view path, std::uint64_t offset, std::uint64_t most) {
  auto channel = begin(kCredit);
  std::string payload(wire::FileRequest::kFixed, '\0');
  payload[0] = static_cast<char>(operation);
  wire::putU64(payload.data() + 1, offset);
  wire::putU64(payload.data() + 9, most);
  payload.append(path);
  putFrame(Type::file, channel->id, payload);
  repay(*channel, kCredit);
  return channel;
}

void Link::input(Channel& channel, std::string_view bytes) {
  if (channel.closed) return;
  channel.waitingInput += static_cast<std::uint32_t>(bytes.size());
  putFrame(Type::input, channel.id, bytes);
}

std::uint32_t Link::repay(Channel& channel, std::uint32_t most) {
  const auto amount = std::min(channel.owed, most);
  if (amount == 0 || channel.closed) return 0;
  channel.owed -= amount;
  channel.credit += amount;
  char payload[4];
  wire::putU32(payload, amount);
  putFrame(Type::credit, channel.id, {payload, sizeof payload});
  return amount;
}

void Link::ping() {
  ++pings_;
  putFrame(Type::ping, 0, {});
}

bool Link::receive(std::string_view bytes) {
  inbox_.append(bytes);
  std::size_t at = 0;
  for (;;) {
    wire::Frame frame;
    const auto parsed = wire::parse(inbox_.data() + at, inbox_.size() - at, wire::kMaxToServer, frame);
    if (parsed == wire::Parsed::bad) return false;
    if (parsed == wire::Parsed::more) break;
    if (!accept(frame)) return false;
    at += wire::kHead + frame.size;
  }
  inbox_.erase(0, at);
  return channels_.size() <= kMaxOpen;
}

bool Link::accept(const wire::Frame& frame) {
  if (frame.type == Type::ready) {
    if (ready_ || frame.channel != 0 || frame.size != 4 || wire::getU32(frame.data) != wire::kVersion) return false;
    ready_ = true;
    return true;
  }
  if (!ready_) return false;
  if (frame.type == Type::pong) {
    if (pings_ == 0 || frame.size != 0) return false;
    --pings_;
    return true;
  }
  const auto found = channels_.find(frame.channel);
  if (found == channels_.end()) return false;
  const auto channel = found->second;
  switch (frame.type) {
    case Type::output:
      return takeOutput(*channel, {frame.data, frame.size});
    case Type::taken: {
      if (frame.size != 4) return false;
      const auto amount = wire::getU32(frame.data);
      if (amount > channel->waitingInput) return false;
      channel->waitingInput -= amount;
      return true;
    }
    case Type::exited: {
      if (frame.size != 4 || channel->exited) return false;
      const auto status = wire::getU32(frame.data);
      if (status > kMaxStatus && (status < kNotBegun || status > kNotBegun + kMaxErrno)) return false;
      channel->exited = true;
      channel->status = static_cast<int>(status);
      return true;
    }
    case Type::closed:
      if (frame.size != 0 || !channel->exited) return false;
      channel->closed = true;
      channels_.erase(found);
      return true;
    default:
      return false;
  }
}

bool Link::takeOutput(Channel& channel, std::string_view bytes) {
  if (bytes.size() > channel.credit) return false;
  channel.credit -= static_cast<std::uint32_t>(bytes.size());
  channel.owed += static_cast<std::uint32_t>(bytes.size());
  if (channel.sink) {
    channel.sink(bytes);
  } else {
    channel.buffer.append(bytes);
  }
  return true;
}

}  // namespace agent::sandbox
