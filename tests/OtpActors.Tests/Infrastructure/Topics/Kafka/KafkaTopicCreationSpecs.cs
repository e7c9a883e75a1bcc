using Microsoft.Extensions.Logging;
using OtpActors.Domain.Runs;
using OtpActors.Infrastructure.Topics;
using OtpActors.Infrastructure.Topics.Kafka;
using OtpActors.Tests.Servers;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Topics.Kafka;

/// <summary>How topics are made, over the wire.</summary>
public sealed class KafkaTopicCreationSpecs : IAsyncLifetime
{
    private readonly ScriptedBroker _broker = new();
    private readonly Warnings _log = new();
    private KafkaTopic? _topics;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_topics is not null)
        {
            await _topics.DisposeAsync();
        }

        await _broker.DisposeAsync();
    }

    [Fact]
    public async Task A_topic_that_is_not_there_is_created_as_asked_and_no_wider_than_the_brokers()
    {
        (await EnsureAsync(partitions: 4, replicas: 3)).ShouldBe(new TopicEnsured(TopicOutcome.Created, 4));

        _broker.Asked.ShouldBe([("topic", 4, (short)1)]);
        _log.Lines.ShouldHaveSingleItem().ShouldContain("1 replicas, not 3");
    }

    [Fact]
    public async Task A_topic_that_is_there_is_left_alone()
    {
        _broker.Add("topic", 7);

        (await EnsureAsync(partitions: 4)).ShouldBe(new TopicEnsured(TopicOutcome.Exists, 7));
        _broker.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_topic_that_another_makes_in_the_meantime_exists()
    {
        _broker.OnCreate = name =>
        {
            _broker.Add(name, 5);
            return 36; // TOPIC_ALREADY_EXISTS
        };

        (await EnsureAsync(partitions: 4)).ShouldBe(new TopicEnsured(TopicOutcome.Exists, 5));
    }

    [Theory]
    [InlineData(29, "access lists")] // TOPIC_AUTHORIZATION_FAILED
    [InlineData(37, "InvalidPartitions")]
    [InlineData(38, "InvalidReplicationFactor")]
    [InlineData(44, "PolicyViolation")]
    [InlineData(7, "RequestTimedOut")]
    public async Task A_refusal_says_what_was_refused(short error, string says)
    {
        _broker.OnCreate = _ => error;

        var failure = await Should.ThrowAsync<TopicException>(() => EnsureAsync());
        failure.Message.ShouldContain("creating the topic topic");
        failure.Message.ShouldContain(says);
    }

    [Fact]
    public async Task No_answer_is_a_failure_in_time()
    {
        _broker.OnCreate = _ => null;

        var failure = await Should.ThrowAsync<TopicException>(() => EnsureAsync(timeoutSeconds: 3));
        failure.Message.ShouldContain("creating the topic topic");
        failure.Message.ShouldContain(_broker.Address);
    }

    [Fact]
    public async Task No_broker_is_a_failure_that_names_the_address()
    {
        await _broker.DisposeAsync();

        (await Should.ThrowAsync<TopicException>(() => EnsureAsync(timeoutSeconds: 1))).Message.ShouldContain(_broker.Address);
    }

    private Task<TopicEnsured> EnsureAsync(int partitions = 1, short replicas = 1, int timeoutSeconds = 30)
    {
        _topics = new KafkaTopic(
            new KafkaOptions { BootstrapServers = _broker.Address, OperationTimeout = TimeSpan.FromSeconds(timeoutSeconds) },
            TimeProvider.System, _log);
        return _topics.EnsureAsync(new TopicSpec("topic", partitions, replicas), TestContext.Current.CancellationToken).Eventually();
    }

    private sealed class Warnings : ILogger<KafkaTopic>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                Lines.Add(formatter(state, exception));
            }
        }
    }
}
