// ManySenders: one listener for many senders of raw PCM, each a source that it names in a first line.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "daemon/capture/SenderDoor.h"
#include "daemon/capture/SenderIntroduction.h"
#include "daemon/capture/Source.h"
#include "daemon/capture/SourceTask.h"
#include "daemon/pulse/Pulse.h"

namespace earshot {

/// What tests shorten.
struct SenderPatience {
  std::chrono::milliseconds first_line{10'000};
  std::chrono::milliseconds farewell{2'000};  ///< for one that was refused to take the reason
  std::chrono::milliseconds away{3'600'000};  ///< after that its source may make room for another's
};

/// One thread reads from all of them, each source hears on one of its own. When a sender has left, its source
/// is down and its timeline goes on by the clock until it comes again under its name. There are `max_senders`
/// sources at most: for one more, that goes which has been away the longest, if that is `away` at least; a
/// sender that comes back after that is a new one. It is no source itself. The sources of a listener that is
/// replaced are down until their senders connect to the one that follows.
class ManySenders final : public SourceTask {
 public:
  /// Listens from here on. Throws as open_listener does. `context.names` holds the names of all other
  /// sources.
  ManySenders(const SourceSettings& settings, const TcpSettings& tcp, const SourceContext& context,
              SenderPatience patience = {});
  ~ManySenders() override;

  void run(std::stop_token stop) noexcept override;
  std::string_view holdup() const noexcept override {
    return "one of its senders' sources still classifies a window";
  }
  const std::string& name() const noexcept override { return settings_.name; }
  void change(const SourceSettings& settings, std::shared_ptr<const Hearing> hearing) override;
  void leave(Leaving how) noexcept override { leaving_.store(how, std::memory_order_relaxed); }
  Timelines timelines() const override { return timelines_; }
  void follow(const Timelines& before) override { timelines_ = before; }

  /// With the port that the system chose.
  const Endpoint& listen() const noexcept { return door_.listen(); }

 private:
  using Clock = Sender::Clock;
  class Member;
  /// A sender that is no member: it has yet to say who it is, or has been refused.
  struct Stranger {
    std::shared_ptr<Sender> sender;
    Clock::time_point until;
    bool refused = false;
  };
  using Strangers = std::list<Stranger>;

  boost::asio::awaitable<void> accept_senders();
  boost::asio::awaitable<void> meet(Strangers::iterator stranger);
  boost::asio::awaitable<void> refuse(Strangers::iterator stranger, std::string why);
  boost::asio::awaitable<std::string> find_place(const std::shared_ptr<Sender>& sender,
                                                 const SenderIntroduction& introduction);
  boost::asio::awaitable<void> serve(std::shared_ptr<Sender> sender, SenderIntroduction introduction,
                                     std::string rest);
  boost::asio::awaitable<void> watch();
  void end_members(const std::string& why, Leaving leaving, bool forgotten);
  void change_members(const SourceSettings& settings, std::shared_ptr<const Hearing> hearing);
  Member* member(const std::string& name);
  std::string make_member(const std::string& name, const std::string& peer);
  bool forget_one();
  void forget(const std::string& name);
  void look_at_strangers(Clock::time_point now);
  void look_at_members(Clock::time_point now);

  SourceSettings settings_;
  TcpSettings tcp_;
  SourceContext context_;
  SenderPatience patience_;
  boost::asio::io_context io_{1};
  SenderDoor door_;
  Strangers strangers_;
  std::map<std::string, std::unique_ptr<Member>> members_;
  Timelines timelines_;  // of senders that have not come again since another listener, and after run() of all
  std::atomic<Leaving> leaving_{Leaving::ended};  // relaxed: the stop that follows orders it
  Pulse pulse_;
};

}  // namespace earshot
