#include "daemon/mqtt/MqttOutlet.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>
#include <variant>

#include "daemon/log/Logging.h"
#include "daemon/stream/JsonLine.h"
#include "dsp/base/Error.h"
#include "dsp/base/KeyedRandom.h"
#include "dsp/base/ReadFile.h"
#include "dsp/base/Sha256.h"

namespace earshot {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRound{1'000};   // to beat, and to look at the time
constexpr std::chrono::milliseconds kFarewell{150};  // of the time there is at the end
constexpr std::chrono::seconds kLasting{30};         // a connection that lasted so long was a good one
constexpr std::uintmax_t kMostCertificateBytes = 16U << 20U;

// Another process of ours has another one; a start after a crash has the same, and the broker closes the old
// session.
std::string client_id(const MqttSettings& settings, const std::filesystem::path& directory) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::string all = settings.topic + '\n' + host.data() + '\n' + directory.string();
  return "earshot_" + sha256_of(all).substr(0, 14);  // 22 of the 23 that every broker takes
}

MqttLogin login_of(const MqttSettings& settings, const std::filesystem::path& directory) {
  return {.broker = settings.broker,
          .tls = settings.tls,
          .ca_file = settings.ca_file,
          .user = settings.user,
          .password_file = settings.password_file,
          .client_id = client_id(settings, directory),
          .status_topic = MqttTopics(settings.topic).status()};
}

}  // namespace

/// What the thread has of its own.
class MqttThread {
 public:
  explicit MqttThread(MqttOutlet& outlet)
      : outlet_(outlet),
        times_(outlet.times_),
        teller_(outlet.directory_, outlet.gates_, outlet.times_),
        random_(static_cast<std::uint64_t>(Clock::now().time_since_epoch().count()) ^
                static_cast<std::uint64_t>(::getpid())) {}

  void run() {
    while (!is_over()) {
      outlet_.pulse_->beat();
      wait();
      outlet_.pulse_->rest();  // the outbox takes as long as its disk
      try {
        take_news();
        connect_when_due();
        serve();
      } catch (const std::exception& error) {
        lose(error.what());
      }
      teller_.tick();
    }
    if (is_up() && teller_.has_said_goodbye()) connection_->disconnect();  // else the last will speaks
  }

 private:
  bool is_over() const {
    if (!end_) return false;
    return !is_up() || teller_.has_said_goodbye() || Clock::now() >= *end_;
  }
  bool is_up() const { return connection_ && begun_; }

  void wait() {
    std::array<pollfd, 2> ready{};
    ready[0] = {outlet_.wake_->descriptor(), POLLIN, 0};
    nfds_t count = 1;
    if (connection_) {
      const short events = static_cast<short>(POLLIN | (connection_->wants_write() ? POLLOUT : 0));
      ready[count++] = {connection_->socket(), events, 0};
    }
    ::poll(ready.data(), count, timeout_ms());
    outlet_.wake_->clear();
    ready_ = connection_ ? ready[1].revents : short{0};
  }

  int timeout_ms() const {
    Clock::duration left = std::min<Clock::duration>(kRound, times_.level);
    const Clock::time_point now = Clock::now();
    if (wish_ && !connection_ && !attempt_) left = std::min(left, try_at_ - now);
    if (end_) left = std::min<Clock::duration>(left, std::chrono::milliseconds(20));
    return static_cast<int>(
        std::max<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(left).count(), 0));
  }

  void take_news() {
    MqttOutlet::News news;
    {
      const std::lock_guard lock(outlet_.mutex_);
      news = std::exchange(outlet_.news_, {});
      outlet_.news_.end = news.end;
      has_news_ = has_news_ || news.has_picture;
      if (news.has_picture || (is_up() && teller_.has_news())) {
        picture_ = outlet_.picture_;
        outlet_.picture_.let_go();
      }
    }
    end_ = news.end;
    if (news.has_wish) want(std::move(news.wish));
    if (!wish_) return;
    if (news.lost.messages > 0) teller_.keep(news.lost);
    for (const HeardEvent& event : news.events) teller_.keep(event);
    teller_.forget(picture_);
    picture_.let_go();
  }

  void want(std::optional<MqttWish> wish) {
    const bool is_the_same = wish && wish_ && wish->login == wish_->login &&
                             wish->settings.topic == wish_->settings.topic &&
                             wish->settings.switches == wish_->settings.switches &&
                             wish->settings.homeassistant == wish_->settings.homeassistant;
    if (!is_the_same) {
      hang_up();
      try_at_ = Clock::now();
      pause_ = {};
      told_problem_.clear();
    }
    wish_ = std::move(wish);
    if (wish_) {
      teller_.want(*wish_);
    } else {
      teller_.switch_all_on();
    }
  }

  // Without a word: the last will says that we are away, should the broker not hear from us again.
  void hang_up() {
    attempt_.reset();
    drop();
  }

  void drop() {
    connection_.reset();
    begun_ = false;
    teller_.end();
  }

  void connect_when_due() {
    if (attempt_ && attempt_->is_done()) {
      const auto attempt = std::exchange(attempt_, nullptr);
      connection_ = attempt->take();
      connected_at_ = Clock::now();
    }
    if (!wish_ || connection_ || attempt_ || end_ || Clock::now() < try_at_) return;
    attempt_ = std::make_unique<ConnectAttempt>(wish_->login, outlet_.wake_);
  }

  void serve() {
    if (!connection_) return;
    connection_->turn(std::exchange(ready_, short{0}));
    if (!begun_ && connection_->is_up()) {
      begun_ = true;
      log_info("MQTT: connected to {} as '{}'", wish_->login.broker.text(), teller_.topics().base());
      told_problem_.clear();
      teller_.begin(*connection_);
      has_news_ = true;
      const std::lock_guard lock(outlet_.mutex_);
      picture_ = outlet_.picture_;
      picture_.let_go();  // the next round has them once more, behind their last events
    }
    if (!begun_) {
      if (Clock::now() - connected_at_ > times_.welcome)
        throw Error(ExitCode::unavailable,
                    wish_->login.broker.text() + ": does not answer as an MQTT broker");
      return;
    }
    teller_.take(*connection_);
    if (std::exchange(has_news_, false) || teller_.has_news()) teller_.tell(*connection_, picture_);
    take_leave_when_due();
  }

  // What is in the outbox first, as far as there is time.
  void take_leave_when_due() {
    if (!end_ || (!teller_.has_all_been_told() && Clock::now() < *end_ - kFarewell)) return;
    teller_.say_goodbye(*connection_);
  }

  void lose(const std::string& why) {
    const bool was_good = is_up() && Clock::now() - connected_at_ > kLasting;
    const bool was_up = is_up();
    drop();
    pause_ = was_good || pause_ == Clock::duration()
                 ? times_.least_pause
                 : std::min<Clock::duration>(2 * pause_, times_.most_pause);
    try_at_ =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(pause_ * random_.uniform(0.75, 1.25));
    if (std::exchange(told_problem_, why) == why) return;
    log_warning("MQTT: {}{}; tried again, what happens meanwhile is kept", was_up ? "lost: " : "", why);
  }

  MqttOutlet& outlet_;
  const MqttTimes& times_;
  MqttTeller teller_;
  KeyedRandom random_;
  MqttPicture picture_;
  bool has_news_ = false;
  std::optional<MqttWish> wish_;
  std::optional<Clock::time_point> end_;

  std::unique_ptr<ConnectAttempt> attempt_;
  std::unique_ptr<MqttConnection> connection_;
  Clock::time_point connected_at_{};
  bool begun_ = false;  // the broker has let us in, and the teller knows it
  short ready_ = 0;
  Clock::time_point try_at_{};
  Clock::duration pause_{};
  std::string told_problem_;  // in the log
};

MqttOutlet::MqttOutlet(std::filesystem::path directory, GateSwitches& gates, Pulses* pulses,
                       const MqttTimes& times)
    : directory_(std::move(directory)), gates_(gates), times_(times), pulses_(pulses) {}

MqttOutlet::~MqttOutlet() {
  stop(std::chrono::milliseconds(0));
  if (thread_.joinable()) thread_.join();
}

void MqttOutlet::hear(const Message& message) noexcept {
  try {
    const std::lock_guard lock(mutex_);
    const bool has_changed = picture_.take(message);
    if (!wanted_) return picture_.let_go();
    if (!has_changed) return;
    news_.has_picture = true;
    if (const auto* event = std::get_if<Event>(&message)) {
      news_.events.push_back({*event, BootClock::now()});
      if (news_.events.size() > times_.most_queued) {
        news_.lost.add(rfc3339(news_.events.front().event.time));
        news_.events.pop_front();
      }
    }
    wake_->wake();
  } catch (const std::exception&) {  // no memory: the stream still tells
  }
}

void MqttOutlet::change(const Config& config, const StreamFacts& facts) {
  std::optional<MqttWish> wish;
  if (const auto& settings = config.publish_mqtt)
    wish = MqttWish{*settings, config.sources, facts.model_name, login_of(*settings, directory_)};
  if (wish == present_) return;
  const bool is_wanted = wish.has_value();
  {
    const std::lock_guard lock(mutex_);
    wanted_ = is_wanted;
    news_.wish = wish;
    news_.has_wish = true;
    news_.has_picture = true;
  }
  if (is_wanted && !thread_.joinable()) {
    pulse_.emplace(pulses_, "MQTT");
    thread_ = std::thread([this] { run(); });
  }
  present_ = std::move(wish);
  wake_->wake();
}

void MqttOutlet::stop(std::chrono::milliseconds limit) noexcept {
  if (!thread_.joinable()) return;
  std::unique_lock lock(mutex_);
  if (!news_.end) news_.end = Clock::now() + limit;
  wake_->wake();
  changed_.wait_for(lock, limit, [this] { return ended_; });
}

void MqttOutlet::run() {
  pulse_->rest();  // what an earlier run has left is read from the disk
  MqttThread(*this).run();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void check_mqtt(const Config& config) {
  if (!config.publish_mqtt) return;
  const MqttSettings& mqtt = *config.publish_mqtt;
  if (!mqtt.password_file.empty()) read_mqtt_password(mqtt.password_file);
  if (!mqtt.ca_file.empty()) read_file(mqtt.ca_file, kMostCertificateBytes, "a file of certificates");
}

}  // namespace earshot
