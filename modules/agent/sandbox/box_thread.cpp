#include "box_thread.hpp"

#include <poll.h>
#include <pthread.h>

#include <algorithm>

namespace agent::sandbox {

BoxThread::BoxThread() {
  thread_ = std::thread([this] { run(); });
}

BoxThread::~BoxThread() {
  stopping_ = true;
  wake();
  thread_.join();
}

void BoxThread::add(std::shared_ptr<BoxProcess> box) {
  {
    const std::lock_guard lock(mutex_);
    added_.push_back(std::move(box));
  }
  wake();
}

void BoxThread::run() {
  pthread_setname_np(pthread_self(), "agent-boxes");
  std::vector<std::shared_ptr<BoxProcess>> boxes;
  Clock::time_point stopAt{};
  struct Fds {
    std::size_t socket = 0, process = 0, errors = 0;  // places in `polled`; 0: none
  };
  std::vector<pollfd> polled;
  std::vector<Fds> places;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      for (auto& box : added_) {
        box->start();
        boxes.push_back(std::move(box));
      }
      added_.clear();
    }
    const auto now = Clock::now();
    if (stopping_ && stopAt == Clock::time_point{}) {
      stopAt = now + std::chrono::seconds(5);
      for (const auto& box : boxes) box->end("the server stops");
    }
    int timeout = 1000;
    for (const auto& box : boxes) timeout = std::min(timeout, box->tick(now));
    std::erase_if(boxes, [](const auto& box) { return box->gone(); });
    if (stopping_ && (boxes.empty() || now > stopAt)) return;

    polled.assign(1, {wake_->fd(), POLLIN, 0});
    places.assign(boxes.size(), {});
    const auto watch = [&](int fd, short events) -> std::size_t {
      if (fd < 0) return 0;
      polled.push_back({fd, events, 0});
      return polled.size() - 1;
    };
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      const auto watched = boxes[i]->watched();
      places[i] = {watch(watched.socket, static_cast<short>(POLLIN | (watched.sends ? POLLOUT : 0))),
                   watch(watched.process, POLLIN), watch(watched.errors, POLLIN)};
    }
    poll(polled.data(), polled.size(), timeout);
    wake_->heard();
    for (std::size_t i = 0; i < boxes.size(); ++i) {
      const auto happened = [&](std::size_t place) { return place != 0 && polled[place].revents != 0; };
      if (happened(places[i].errors)) boxes[i]->onErrors();
      if (happened(places[i].socket)) boxes[i]->onSocket();
      if (happened(places[i].process)) boxes[i]->onProcess();
    }
  }
}

}  // namespace agent::sandbox
