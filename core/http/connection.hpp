// One client connection: its states, its input and its output. Used by its I/O thread only.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/body_receiver.hpp"
#include "core/http/channel.hpp"
#include "core/http/exchange.hpp"
#include "core/http/head_parser.hpp"
#include "core/http/io_thread.hpp"
#include "core/http/output_queue.hpp"
#include "core/http/request_exchange.hpp"
#include "core/http/websocket_decoder.hpp"

namespace mortise::http {

class WebSocketHandle;

class Connection {
 public:
  Connection(IoThread& io, std::uint64_t id, int fd, std::shared_ptr<const Peer> peer, bool countedByAddress);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::uint64_t id() const { return id_; }
  int fd() const { return fd_; }
  const Peer& peer() const { return *peer_; }
  bool dead() const { return state_ == State::dead; }
  TimePoint armed = TimePoint::max();  // its one valid entry of the timer heap

  // Called by the I/O thread.
  void onEvent(bool readable, bool writable, bool finished, bool hungUp);
  void onTimer();
  void turn();              // reads, answers, writes until there is nothing to do
  void refuseConnection();  // over the connection limit
  void drain();
  void cut(bool reset);  // at once, without an answer

  // Called by exchanges.
  bool answer(const std::shared_ptr<RequestExchange>& exchange, Reply reply);
  void admit(const RequestExchange& exchange, const BodyPlan& plan);
  void spoolProgressed();  // called by the spool: it has room again, has finished, or has failed
  void pieceArrived();     // called by a reply whose bytes are pulled
  struct StreamStart {
    int status = 200;
    Fields fields;
    std::string heartbeat;
    std::chrono::seconds heartbeatEvery{0};
  };
  void startStream(const std::shared_ptr<RequestExchange>& exchange, std::shared_ptr<Channel> channel,
                   StreamStart start);
  struct UpgradeStart {
    WebSocket::Options options;
    WebSocket::Callbacks callbacks;
    Fields fields;
  };
  void startWebSocket(const std::shared_ptr<RequestExchange>& exchange, std::shared_ptr<Channel> channel,
                      const std::shared_ptr<WebSocketHandle>& handle, UpgradeStart start);

  // Called by channels.
  bool carries(const Channel& channel) const { return channel_.get() == &channel; }
  void pullChannel();
  void endStream();
  void abortStream();
  void dropSlow();
  void closeWebSocket(int code, const std::string& reason);
  void pauseWebSocket(bool paused);

 private:
  enum class State : std::uint8_t {
    head,      // between requests, or inside a head
    deciding,  // inside Application::onHead
    waiting,   // until admit() or reply()
    body,      // receiving
    storing,   // everything is received, but not yet on disk
    handling,  // until reply(), startStream() or upgrade()
    stream,
    webSocket,
    closing,    // the last reply is being sent
    lingering,  // the server's side is shut; the client's rest is read and discarded
    dead
  };
  struct Finish {
    std::shared_ptr<RequestExchange> exchange;
    int status;
    std::uint64_t start;  // position in the output of the first body byte
    std::uint64_t end;    // of the byte behind the last
  };
  struct WebSocketState {
    explicit WebSocketState(const WebSocket::Options& options)
        : decoder(options.maxMessageBytes), maxQueuedBytes(options.maxQueuedBytes) {}
    WebSocketDecoder decoder;
    const std::size_t maxQueuedBytes;
    WebSocket::Callbacks callbacks;
    std::shared_ptr<WebSocket> handle;  // keeps the handle alive as long as the connection
    std::chrono::seconds pingEvery{0};
    TimePoint pingDue = TimePoint::max();
    unsigned unanswered = 0;
    bool closeSent = false;
    bool closeSeen = false;
    bool paused = false;
    TimePoint closeDue = TimePoint::max();
    int closeCode = 1006;
    std::string closeReason;
  };

  // connection.cpp: reading
  bool reads() const;
  void advance();
  void pump();
  void consume(std::string_view received);
  std::size_t process(std::string_view bytes);
  void onHeadComplete();
  void beginBody(const BodyPlan& plan);
  std::size_t receiveBody(std::string_view bytes);
  void finishBody();
  void deliver();
  void onEndOfInput();
  void noticeGone();
  void refuse(Refusal refusal);
  TimePoint nextDeadline() const;
  void schedule();

  // connection_output.cpp: replies
  bool outputFull() const;
  void flush();
  void writeOut();
  void settleFinished();
  void appended(std::uint64_t bytes);
  void accountOutput();
  void writeReply(const std::shared_ptr<RequestExchange>& exchange, Reply& reply);
  void writeFile(const std::shared_ptr<RequestExchange>& exchange, Reply& reply);
  void refuseFile(const std::shared_ptr<RequestExchange>& exchange, int status, std::string_view code,
                  std::string_view detail, const Fields& fields);
  void cork(bool on);
  void queueFile(const std::shared_ptr<ByteSource>& file, std::uint64_t offset, std::uint64_t length);
  void openHead(std::string& out, int status);
  void writeFields(std::string& out, const Fields& fields, bool ownLength);
  void closeHead(std::string& out, const RequestExchange& exchange, bool close);
  bool mustCloseAfter(const RequestExchange& exchange) const;
  void concludeReply(bool close);
  void beginClosing();
  void outputDone();
  void endExchange(const std::shared_ptr<RequestExchange>& exchange, int status, std::uint64_t bytes, bool completed);

  // connection_channel.cpp: streams and WebSockets
  void appendStreamBytes(const Channel::Bytes& bytes);
  void concludeStream();
  std::size_t receiveFrames(std::string_view bytes);
  void sendControl(std::uint8_t opcode, std::string_view payload);
  void finishWebSocket();
  void failWebSocket(int code, std::string_view reason);
  void releaseChannel();

  IoThread& io_;
  ServerState& server_;
  const std::uint64_t id_;
  const int fd_;
  const std::shared_ptr<const Peer> peer_;
  const bool countedByAddress_;
  State state_ = State::head;

  bool turning_ = false;
  bool again_ = false;           // turn() must run another round
  bool flushing_ = false;        // inside flush(): what callbacks append needs another round
  bool readReady_ = false;       // the socket may hold unread bytes
  bool finishedByPeer_ = false;  // FIN or reset seen
  bool hungUp_ = false;          // both directions are closed: nothing can be delivered
  bool writeArmed_ = false;
  bool mustLinger_ = false;
  bool blocked_ = false;  // output waits for the socket
  bool corked_ = false;   // TCP_CORK is set
  bool starved_ = false;  // output waits for a piece that is being pulled
  bool anyRequest_ = false;
  std::size_t budget_ = 0;

  HeadParser parser_;
  std::string input_;  // bytes read but not yet parsed
  std::shared_ptr<RequestExchange> exchange_;
  std::unique_ptr<BodyReceiver> receiver_;

  TimePoint idleSince_;
  TimePoint headSince_ = TimePoint::max();
  TimePoint bodySince_{};
  TimePoint bodyProgress_{};
  std::uint64_t bodyBytes_ = 0;
  TimePoint stalledSince_ = TimePoint::max();  // since then the disk, not the client, delays the body
  TimePoint writeProgress_{};
  TimePoint lingerUntil_ = TimePoint::max();
  std::size_t lingered_ = 0;

  OutputQueue output_;
  std::uint64_t appended_ = 0;  // bytes ever queued
  std::uint64_t sent_ = 0;      // bytes ever sent
  std::size_t accounted_ = 0;
  std::vector<Finish> finishes_;

  std::shared_ptr<Channel> channel_;
  std::string heartbeat_;
  std::chrono::seconds heartbeatEvery_{0};
  TimePoint heartbeatDue_ = TimePoint::max();
  int streamStatus_ = 0;
  std::uint64_t streamBytes_ = 0;
  std::uint64_t streamStart_ = 0;
  bool streamChunked_ = true;
  bool streamClose_ = false;
  std::unique_ptr<WebSocketState> webSocket_;
  std::unique_ptr<WebSocketState> retired_;  // ended, but one of its callbacks may still be running
};

}  // namespace mortise::http
