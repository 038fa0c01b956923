// objects/1 over HTTP: an object by name, a link to it, the facts of it and of its bucket.
#pragma once

#include <mortise/module.hpp>
#include <mortise/objects.hpp>

class ObjectCalls {
 public:
  explicit ObjectCalls(mortise::Host host) : objects_(host.objects()) {}
  void bind(mortise::Bindings& on) {
    on.operation("putObject", this, &ObjectCalls::put);
    on.operation("statObject", this, &ObjectCalls::stat);
    on.operation("dropObject", this, &ObjectCalls::drop);
    on.operation("readBucket", this, &ObjectCalls::bucket);
  }

 private:
  mortise::Reply put(const mortise::Request& request) const;
  mortise::Reply stat(const mortise::Request& request) const;
  mortise::Reply drop(const mortise::Request& request) const;
  mortise::Reply bucket(const mortise::Request& request) const;

  mortise::Objects objects_;
};
