// files.store/1 by hand: its functions as HTTP operations, without rules of their own.
#pragma once

#include <mortise/files_store.hpp>
#include <mortise/module.hpp>

class FileCalls {
 public:
  explicit FileCalls(mortise::Host host) : host_(host) {}
  void bind(mortise::Bindings& on) {
    on.operation("callFiles", this, &FileCalls::call);
    on.operation("putStoredFile", this, &FileCalls::put);
    on.operation("sendStoredFile", this, &FileCalls::send);
  }

 private:
  mortise::Reply call(const mortise::Request& request) const;
  mortise::Reply put(const mortise::Request& request) const;
  mortise::Reply send(const mortise::Request& request) const;

  mortise::Host host_;
};
