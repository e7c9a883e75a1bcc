using Confluent.Kafka;
using OtpActors.Tests.Servers;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Streams.Kafka;

public sealed class AdminSpecs() : MockKafkaSpecs(partitions: 3)
{
    [Fact]
    public async Task A_groups_offsets_cost_one_request_each_time()
    {
        await Admin.CommitForEmptyGroupAsync(new TopicPartitionOffset(Topic, 1, 7), Group, Cancellation);
        (await CommittedAsync()).ShouldBe(7);
        Kafka.Track();
        for (var i = 0; i < 10; i++)
        {
            (await CommittedAsync()).ShouldBe(7);
        }

        Kafka.Requests().ShouldBe(Enumerable.Repeat(MockRequest.OffsetFetch, 10));
    }

    [Fact]
    public async Task Lag_is_what_a_group_has_not_committed()
    {
        await ProduceAsync(300, 3);
        await Admin.CommitForEmptyGroupAsync(new TopicPartitionOffset(Topic, 1, 40), Group, Cancellation);

        (await Admin.LagAsync(Topic, Group, Cancellation)).ShouldBe(new Dictionary<int, long> { [0] = 100, [1] = 60, [2] = 100 }, ignoreOrder: true);
    }

    [Fact]
    public async Task Closing_waits_for_a_question_that_nobody_waits_for_any_more()
    {
        await CommittedAsync();
        Kafka.SetRoundTrip(1, TimeSpan.FromSeconds(1));
        Kafka.Track();
        using var impatient = new CancellationTokenSource();
        var asked = Admin.CommittedAsync(Topic, Group, impatient.Token);
        await UntilAsync(() => Kafka.Requests().Contains(MockRequest.OffsetFetch), "the question");
        await impatient.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => asked.Eventually());
        await Task.Run(Admin.Dispose, Cancellation).Eventually();

        await Should.ThrowAsync<ObjectDisposedException>(() => Admin.CommittedAsync(Topic, Group, Cancellation).Eventually());
    }
}
