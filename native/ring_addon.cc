#include "ring_addon.h"

#include <sched.h>

#include "ring.h"
#include "packet_path_wrap.h"
#include "socket.h"

namespace portolan {
namespace {

/// Writes an eventfd; -1: nobody to wake.
struct WakeByEvent {
  int fd;
  void operator()() const {
    if (fd >= 0) SignalEvent(fd);
  }
};

using Producer = RingProducer<WakeByEvent>;
using Consumer = RingConsumer<WakeByEvent>;

/// write(queue, record, type, copies, batch, event): writes `record` up to `copies` times, `batch` to a publish. How many fitted.
Napi::Value Write(const Napi::CallbackInfo& info) {
  return Guarded(info.Env(), [&]() -> Napi::Value {
    auto queue = info[0].As<Napi::Uint8Array>();
    auto record = info[1].As<Napi::Uint8Array>();
    const uint32_t type = info[2].As<Napi::Number>().Uint32Value();
    const uint32_t copies = info[3].As<Napi::Number>().Uint32Value();
    const uint32_t batch = info[4].As<Napi::Number>().Uint32Value();
    Producer producer(queue.Data(), queue.ByteLength(), {info[5].As<Napi::Number>().Int32Value()});
    const uint32_t length = static_cast<uint32_t>(record.ByteLength());
    if (length > producer.MaxRecord()) throw std::invalid_argument("the record is larger than the queue takes");
    uint32_t written = 0;
    for (; written < copies; written++) {
      uint8_t* bytes = producer.Claim(length, type);
      if (bytes == nullptr) break;
      std::memcpy(bytes, record.Data(), length);
      if ((written + 1) % batch == 0) producer.Publish();
    }
    producer.Publish();
    return Napi::Number::New(info.Env(), written);
  });
}

/// read(queue, limit, event): up to `limit` records as copies, and their room given back.
Napi::Value Read(const Napi::CallbackInfo& info) {
  return Guarded(info.Env(), [&]() -> Napi::Value {
    const Napi::Env env = info.Env();
    auto queue = info[0].As<Napi::Uint8Array>();
    const uint32_t limit = info[1].As<Napi::Number>().Uint32Value();
    Consumer consumer(queue.Data(), queue.ByteLength(), {info[2].As<Napi::Number>().Int32Value()});
    Napi::Array records = Napi::Array::New(env);
    RingRecord record;
    for (uint32_t i = 0; i < limit && consumer.Next(record); i++) {
      Napi::Object copy = Napi::Object::New(env);
      copy.Set("type", record.type);
      copy.Set("bytes", Napi::Buffer<uint8_t>::Copy(env, record.bytes, record.length));
      records.Set(i, copy);
    }
    consumer.Release();
    return records;
  });
}

/// sleep(queue): announces the sleep of a native consumer. False when there is a record.
Napi::Value Sleep(const Napi::CallbackInfo& info) {
  return Guarded(info.Env(), [&]() -> Napi::Value {
    auto queue = info[0].As<Napi::Uint8Array>();
    Consumer consumer(queue.Data(), queue.ByteLength(), {-1});
    return Napi::Boolean::New(info.Env(), consumer.SleepElsewhere());
  });
}

/// produce(queue, count, length, batch): blocks the thread until `count` records, each starting with its number, are written. Yields while
/// the ring is full, as native workers that have other work do.
Napi::Value Produce(const Napi::CallbackInfo& info) {
  return Guarded(info.Env(), [&]() -> Napi::Value {
    auto queue = info[0].As<Napi::Uint8Array>();
    const uint32_t count = info[1].As<Napi::Number>().Uint32Value();
    const uint32_t length = info[2].As<Napi::Number>().Uint32Value();
    const uint32_t batch = info[3].As<Napi::Number>().Uint32Value();
    Producer producer(queue.Data(), queue.ByteLength(), {-1});
    if (length < sizeof count || length > producer.MaxRecord()) throw std::invalid_argument("the length is out of range");
    for (uint32_t i = 0; i < count; i++) {
      uint8_t* bytes;
      while ((bytes = producer.Claim(length, 0)) == nullptr) {
        producer.Publish();
        sched_yield();
      }
      std::memset(bytes, static_cast<int>(i), length);
      std::memcpy(bytes, &i, sizeof i);
      if ((i + 1) % batch == 0) producer.Publish();
    }
    producer.Publish();
    return info.Env().Undefined();
  });
}

}  // namespace

Napi::Object DefineRing(Napi::Env env) {
  Napi::Object ring = Napi::Object::New(env);
  ring.Set("write", Napi::Function::New(env, Write, "write"));
  ring.Set("read", Napi::Function::New(env, Read, "read"));
  ring.Set("sleep", Napi::Function::New(env, Sleep, "sleep"));
  ring.Set("produce", Napi::Function::New(env, Produce, "produce"));
  return ring;
}

}  // namespace portolan
