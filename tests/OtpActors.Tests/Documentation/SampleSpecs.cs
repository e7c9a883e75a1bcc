using System.Diagnostics;
using System.Reflection;
using Akka.Streams.Dsl;
using Confluent.Kafka;
using OtpActors.Streams.Kafka.Producers;
using OtpActors.Tests.Processes;
using OtpActors.Tests.Servers.Cassandra;
using OtpActors.Tests.Streams.Kafka;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;
using Repository = OtpActors.Tests.Deployment.Repository;

namespace OtpActors.Tests.Documentation;

/// <summary>The samples of the two libraries do what their READMEs say.</summary>
[Collection(OneAtATime.Name)]
public sealed class SampleSpecs(CassandraServers cassandra) : MockKafkaSpecs(partitions: 2)
{
    private const string Cql = "OtpActors.Cql.Sample";
    private const string KafkaStreams = "OtpActors.Streams.Kafka.Sample";

    [Theory, InlineData(Cql), InlineData(KafkaStreams)]
    public void Each_is_short_and_says_how_to_start_it(string sample)
    {
        Repository.Lines($"samples/{sample}/Program.cs").Count.ShouldBeLessThan(80);
        Repository.Text($"samples/{sample}/README.md").ShouldContain($"dotnet run --project samples/{sample} -- ");
        Repository.Text("OtpActors.sln").ShouldContain($"{sample}.csproj");
    }

    [Fact]
    public async Task The_one_of_the_CQL_driver_reads_the_row_that_it_wrote()
    {
        using var sample = Start(Cql, (await cassandra.OneAsync())[0]);
        var (said, error) = await EndAsync(sample);
        sample.ExitCode.ShouldBe(0, error);
        said.ShouldContain("connected to ");
        said.ShouldContain("Jane, seen 20");
    }

    [Fact]
    public async Task The_one_of_the_CQL_driver_says_in_a_line_why_it_has_no_server()
    {
        using var sample = Start(Cql, $"127.0.0.1:{Ports.Free("127.0.0.1")}");
        var (_, error) = await EndAsync(sample);
        sample.ExitCode.ShouldBe(1, error);
        error.Trim().ShouldStartWith("no host answers: 127.0.0.1:");
        error.Trim().ShouldNotContain('\n');
    }

    [Fact]
    public async Task The_one_of_the_streams_copies_a_topic_commits_it_and_ends_at_CtrlC()
    {
        Signals.SkipUnlessSent(Signal.Interrupt);
        Kafka.CreateTopic($"{Topic}.copy", 1);
        await SendAsync("one", "two", "three");
        using var sample = Start(KafkaStreams, Kafka.BootstrapServers, Topic);
        var said = EndAsync(sample);
        await UntilAsync(
            async () => said.IsCompleted || (await Admin.CommittedAsync(Topic, "sample", Cancellation)).Values.Sum() == 3, "the commits");

        (await Admin.HighWatermarksAsync($"{Topic}.copy", Cancellation))[0].ShouldBe(3);
        var copies = await Admin.ReadAsync(new TopicPartition($"{Topic}.copy", 0), 0, 3, 1_000, Cancellation);
        copies.Select(copy => System.Text.Encoding.UTF8.GetString(copy.Value.Value!)).Order().ShouldBe(["ONE", "THREE", "TWO"]);

        Signals.Send(sample.Id, Signal.Interrupt);
        var (_, error) = await said;
        sample.ExitCode.ShouldBe(0, error);
    }

    private static Process Start(string sample, params string[] arguments)
    {
        var built = typeof(SampleSpecs).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "Samples").Value!;
        return Process.Start(new ProcessStartInfo(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet",
            [Repository.File($"samples/{sample}/{built}/{sample}.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }

    private static async Task<(string Output, string Error)> EndAsync(Process process)
    {
        var (output, error) = (process.StandardOutput.ReadToEndAsync(Cancellation), process.StandardError.ReadToEndAsync(Cancellation));
        await process.WaitForExitAsync(Cancellation).Eventually();
        return (await output, await error);
    }

    private Task SendAsync(params string[] texts) => Source
        .Single(new MultiMessage<byte[], byte[], int>(
            [.. texts.Select((text, i) => (new TopicPartition(Topic, i % 2), new Message<byte[], byte[]>
            {
                Key = [.. "key"u8],
                Value = System.Text.Encoding.UTF8.GetBytes(text),
            }))],
            0))
        .Via(KafkaProducer.FlexiFlow<byte[], byte[], int>(ProducerSettings()))
        .RunWith(Sink.Ignore<MultiResult<int>>(), Materializer).Eventually();
}
