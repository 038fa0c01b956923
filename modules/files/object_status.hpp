// Operators try out the object store over HTTP (contracts/status.yaml): is the bucket there, does a round trip work,
// what does a link look like.
#pragma once

#include <mortise/log.hpp>
#include <mortise/module.hpp>
#include <mortise/objects.hpp>

#include <string>
#include <string_view>

namespace files {

class ObjectStatus {
 public:
  explicit ObjectStatus(mortise::Host host) : log_(host.log()), objects_(host.objects()) {}
  void bind(mortise::Bindings& on);

 private:
  mortise::Reply ping(const mortise::Request& request) const;
  mortise::Reply upload(const mortise::Request& request) const;

  mortise::json::Value smoke(const mortise::Bucket& bucket) const;
  // Runs `work`; what the store refuses or fails to do becomes a Problem that tells nothing of its inside.
  template <class Work>
  auto onStore(std::string_view nameField, Work&& work) const;

  mortise::Log log_;
  mortise::Objects objects_;
};

}  // namespace files
