#include "link.hpp"

#include <algorithm>

namespace agent::sandbox {
namespace {

using wire::Type;

constexpr int kMaxStatus = 255;
constexpr int kMaxErrno = 4095;
constexpr std::size_t kCompact = 1 << 20;

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

Link::Outgoing Link::outgoing() const {
  const auto rest = std::string_view(outbox_).substr(outAt_);
  if (passing_.empty()) return {rest};
  const auto& next = passing_.front();
  if (next.at > outAt_) return {rest.substr(0, next.at - outAt_)};
  return {passing_.size() > 1 ? rest.substr(0, passing_[1].at - outAt_) : rest, &next.descriptors};
}

void Link::sent(std::size_t bytes) {
  if (bytes == 0) return;
  outAt_ += bytes;
  while (!passing_.empty() && passing_.front().at < outAt_) passing_.pop_front();
  if (outAt_ < outbox_.size() && outAt_ < kCompact) return;
  outbox_.erase(0, outAt_);
  for (auto& passing : passing_) passing.at -= outAt_;
  outAt_ = 0;
}

void Link::drop() {
  outbox_.clear();
  outAt_ = 0;
  passing_.clear();
}

Link::Ptr Link::begin(Purpose purpose, std::uint32_t credit) {
  auto channel = std::make_shared<Channel>();
  channel->id = ++last_;
  channel->purpose = purpose;
  channel->owed = credit;
  channels_[channel->id] = channel;
  return channel;
}

Link::Ptr Link::exec(std::string_view directory, std::string_view command, std::function<void(std::string_view)> sink) {
  auto channel = begin(Purpose::command, kCredit);
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
  auto channel = begin(Purpose::file, kCredit);
  std::string payload(wire::FileRequest::kFixed, '\0');
  payload[0] = static_cast<char>(operation);
  wire::putU64(payload.data() + 1, offset);
  wire::putU64(payload.data() + 9, most);
  payload.append(path);
  putFrame(Type::file, channel->id, payload);
  repay(*channel, kCredit);
  return channel;
}

Link::Ptr Link::spawn(std::string_view directory, std::string_view arguments, std::string_view environment,
                      std::string_view numbers, std::vector<Fd> descriptors) {
  auto channel = begin(Purpose::program, 0);
  std::string payload(1, static_cast<char>(numbers.size()));
  payload.append(numbers);
  char sizes[8];
  wire::putU32(sizes, static_cast<std::uint32_t>(directory.size()));
  wire::putU32(sizes + 4, static_cast<std::uint32_t>(arguments.size()));
  payload.append(sizes, sizeof sizes).append(directory).append(arguments).append(environment);
  if (!descriptors.empty()) passing_.push_back({outbox_.size(), std::move(descriptors)});
  putFrame(Type::spawn, channel->id, payload);
  return channel;
}

Link::Ptr Link::connect(std::string_view path) {
  auto channel = begin(Purpose::connection, 0);
  ++connections_;
  putFrame(Type::connect, channel->id, path);
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

bool Link::receive(std::string_view bytes, Fd descriptor) {
  if (descriptor) {
    if (received_.size() >= connections_) return false;
    received_.push_back(std::move(descriptor));
  }
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
  const auto entry = channels_.find(frame.channel);
  if (entry == channels_.end()) return false;
  const auto channel = entry->second;
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
    case Type::started:
      if (frame.size != 0 || channel->purpose != Purpose::program || channel->started || channel->exited) return false;
      channel->started = true;
      return true;
    case Type::descriptor:
      return acceptDescriptor(*channel, frame);
    case Type::exited:
      return acceptExit(*channel, frame);
    case Type::closed:
      if (frame.size != 0 || !channel->exited) return false;
      channel->closed = true;
      channels_.erase(entry);
      return true;
    default:
      return false;
  }
}

bool Link::acceptDescriptor(Channel& channel, const wire::Frame& frame) {
  if (frame.size != 0 || channel.purpose != Purpose::connection || channel.descriptor || channel.exited ||
      received_.empty())
    return false;
  channel.descriptor = std::move(received_.front());
  received_.pop_front();
  return true;
}

bool Link::acceptExit(Channel& channel, const wire::Frame& frame) {
  if (frame.size != 4 || channel.exited) return false;
  const auto status = wire::getU32(frame.data);
  if (status > kMaxStatus && (status < kNotBegun || status > kNotBegun + kMaxErrno)) return false;
  if (channel.purpose == Purpose::connection) {
    if ((status == 0) != static_cast<bool>(channel.descriptor)) return false;
    --connections_;
  }
  channel.exited = true;
  channel.status = static_cast<int>(status);
  return true;
}

bool Link::takeOutput(Channel& channel, std::string_view bytes) {
  if (bytes.empty() || bytes.size() > channel.credit) return false;
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
