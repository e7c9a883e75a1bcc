using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Akka.Actor;
using Akka.Streams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using OtpActors.Infrastructure.Topics;
using OtpActors.Steps;
using OtpActors.Telemetry;
using OtpActors.Tests.Infrastructure.Topics;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Telemetry;

[Collection(nameof(TracingSpecs))] // listeners hear of every service of the process
public sealed class TracingSpecs
{
    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";

    [Fact]
    public async Task A_trace_goes_from_the_callers_request_to_slack_and_names_nobody()
    {
        var spans = new List<Activity>();
        using var listener = Listen(spans);
        await using var service = await RunningService.StartAsync();
        await service.RunAsync(
            new { email = "canary.person@example.com", otp = "canary-7731", interval = "1ms", duration = "5ms" },
            $"00-{TraceId}-00f067aa0ba902b7-01");

        var own = spans.Where(span => span.TraceId.ToHexString() == TraceId).ToList();
        var request = own.Single(span => span.OperationName == "run requested");
        request.ParentSpanId.ToHexString().ShouldBe("00f067aa0ba902b7");
        var steps = own.Where(span => span.ParentSpanId == request.SpanId).ToList();
        steps.Select(span => span.OperationName).ShouldBe(
            ["ensure-topic", "produce", "cassandra-sink", "mongo-sink", "cassandra-check", "mongo-check", "cassandra-mail", "mongo-mail",
                "cassandra-slack", "mongo-slack", "run"],
            ignoreOrder: true);
        steps.ShouldAllBe(span => span.Status == ActivityStatusCode.Ok);
        steps.ShouldAllBe(span => span.Duration >= TimeSpan.Zero);

        var stored = spans.Where(span => span.OperationName == "store batch"
            && span.Links.Any(link => link.Context.TraceId.ToHexString() == TraceId)).ToList();
        stored.Select(span => span.GetTagItem("otpactors.step")).Distinct().ShouldBe(["cassandra-sink", "mongo-sink"], ignoreOrder: true);
        var told = string.Join('\n', spans.Select(span => $"{span.OperationName} {string.Join(' ', span.TagObjects)} {span.StatusDescription}"));
        told.ShouldNotContain("canary");
        (await FirstHeadersAsync(service))["traceparent"].ShouldBe(request.Id);
    }

    [Fact]
    public async Task Where_nobody_listens_records_carry_nothing()
    {
        await using var service = await RunningService.StartAsync();
        await service.RunAsync(new { count = 3, notify = "none" });
        (await FirstHeadersAsync(service)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_collector_gets_metrics_and_traces_over_otlp()
    {
        var received = new ConcurrentDictionary<string, string>();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            received.AddOrUpdate(context.Request.Path, _ => Text(body), (_, before) => before + Text(body));
        });
        await collector.StartAsync(TestContext.Current.CancellationToken);

        await using (var service = await RunningService.StartAsync(options =>
        {
            options.Telemetry.OtlpEndpoint = new Uri(collector.Urls.Single());
            options.Telemetry.OtlpProtocol = OtlpProtocol.HttpProtobuf;
        }))
        {
            await service.RunAsync(new { email = "canary.person@example.com", otp = "canary-7731", interval = "1ms", duration = "5ms" });
        } // what is left is sent at the end

        received["/v1/metrics"].ShouldContain("otpactors.runs.ended");
        received["/v1/traces"].ShouldContain("cassandra-slack");
        string.Concat(received.Values).ShouldNotContain("canary");
    }

    private static string Text(MemoryStream body) => Encoding.Latin1.GetString(body.ToArray());

    private static ActivityListener Listen(List<Activity> spans)
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == RunTracing.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                lock (spans)
                {
                    spans.Add(span);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }

    private static async Task<IReadOnlyDictionary<string, string>> FirstHeadersAsync(RunningService service)
    {
        using var materializer = service.Services.GetRequiredService<ActorSystem>().Materializer();
        var reader = new TestConsumer(service.Services.GetRequiredService<IOtpTopic>(), "email_topic", "looks", materializer);
        var first = (await reader.NextAsync())!.Records[0];
        await reader.DrainAsync();
        return first.Headers ?? new Dictionary<string, string>();
    }
}
