// Jobs that are put and removed by hand over HTTP. What a run does is its payload: "fail", "wait" (until it is asked to
// stop), anything else is written to its record.
#pragma once

#include <mortise/module.hpp>

class JobCalls {
 public:
  explicit JobCalls(mortise::Host host) : jobs_(host.jobs()) {}
  void bind(mortise::Bindings& on) {
    on.operation("putJob", this, &JobCalls::put);
    on.operation("dropJob", this, &JobCalls::drop);
  }
  static void run(mortise::JobRun& run);

 private:
  mortise::Reply put(const mortise::Request& request) const;
  mortise::Reply drop(const mortise::Request& request) const;

  mortise::Jobs jobs_;
};
