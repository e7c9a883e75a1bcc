using System.CommandLine;
using OtpActors.Api;
using OtpActors.CommandLine.Screens;
using OtpActors.CommandLine.Tables;

namespace OtpActors.CommandLine.Services;

/// <summary><c>topics [NAME]</c>: the topics, one of them, or its records. Looks only.</summary>
internal static class TopicsCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("NAME") { Description = "One topic: its partitions, and how far the sinks are.", Arity = ArgumentArity.ZeroOrOne };
        var records = new Option<bool>("--records") { Description = "The topic's records; addresses and passwords are masked." };
        var stretch = new StretchOptions();
        return ServiceVerb.Create("topics", "Lists topics; or shows one, or its records.", [name, records, .. stretch.All], async call =>
        {
            var parsed = call.Parsed;
            var topic = parsed.GetValue(name);
            if (parsed.GetValue(records))
            {
                return await RecordsAsync(
                    call, topic ?? throw new UsageException("--records needs the NAME of a topic: `topics` lists them."), stretch);
            }

            ListOptions.Refuse(parsed, "is for a topic's records: add --records", stretch.Own);
            if (topic is null)
            {
                return await ListAsync(call, stretch.List);
            }

            ListOptions.Refuse(parsed, "is for lists: add --records, or leave out the NAME", stretch.List.Limit, stretch.List.Cursor);
            return await ShowAsync(call, topic);
        }).WithExamples("topics", "topics email_topic", "topics email_topic --records --newest --limit 5");
    }

    private static async Task<int> ListAsync(ServiceCall call, ListOptions list)
    {
        var (_, items, next) = await list.ReadAsync(
            call.Parsed, TopicEndpoints.MaxLimit, (limit, cursor) => call.Client.ListTopicsAsync(limit, cursor, call.Cancel),
            page => (page.Items, page.Next));
        return call.Show(new TopicPage(items, next), screen =>
        {
            if (items.Count == 0)
            {
                Terminal.Remark($"No topics at {call.Client.Target}.");
                return;
            }

            var table = new Table(new Column("topic"), new Column("kind", Keep: 2), new Column("partitions", Keep: 1, Right: true));
            foreach (var topic in items)
            {
                table.Add(topic.Topic, KindOf(topic.Kind), topic.Partitions);
            }

            table.Write(screen);
            list.WriteMore(screen, call.Parsed, next, "others");
        });
    }

    private static async Task<int> ShowAsync(ServiceCall call, string name)
    {
        var topic = await call.Client.GetTopicAsync(name, call.Cancel);
        return call.Show(topic, screen =>
        {
            screen.Write([new Line([new Span("topic "), new Span(topic.Topic, Ink.Strong)])]);
            screen.WriteText($"{Texts.Count(topic.Records, "record")} in {Texts.Count(topic.Partitions.Count, "partition")}{Offsets(topic)}");
            if (topic.Partitions.Count > 1)
            {
                screen.Out.WriteLine();
                Partitions(topic).WriteAligned(screen);
            }

            screen.Out.WriteLine();
            Groups(topic).WriteAligned(screen);
        });
    }

    /// <summary>Of one partition alone: more have a table.</summary>
    private static string Offsets(TopicDocument topic) =>
        topic.Partitions is [var one] && one.High > one.Low ? $", offsets {Texts.Number(one.Low)} to {Texts.Number(one.High - 1)}" : "";

    private static Table Partitions(TopicDocument topic)
    {
        var table = new Table(
            new Column("partition"), new Column("records", Right: true), new Column("oldest", Keep: 2, Right: true), new Column("next", Keep: 1, Right: true));
        foreach (var partition in topic.Partitions)
        {
            var held = partition.High - partition.Low;
            table.Add(partition.Partition, held, held == 0 ? null : partition.Low, partition.High);
        }

        return table;
    }

    private static Table Groups(TopicDocument topic)
    {
        var table = new Table(
            new Column("store"), new Column("partition", Keep: 3, Right: true), new Column("committed", Keep: 2, Right: true), new Column("lag", Right: true),
            new Column("group", Keep: 1));
        foreach (var (group, partition) in topic.Groups.SelectMany(group => group.Partitions, (group, partition) => (group, partition)))
        {
            table.Add(group.Store, topic.Partitions.Count > 1 ? partition.Partition : null, partition.Committed, partition.Lag, group.Group);
        }

        return table;
    }

    private static async Task<int> RecordsAsync(ServiceCall call, string topic, StretchOptions stretch)
    {
        var (first, items, next) = await stretch.List.ReadAsync(
            call.Parsed, TopicEndpoints.MaxLimit,
            (limit, cursor) => call.Client.ListRecordsAsync(topic, stretch.ToQuery(call.Parsed, limit, cursor), call.Cancel),
            page => (page.Items, page.Next));
        return call.Show(first with { Items = items, Next = next }, screen =>
        {
            if (items.Count == 0)
            {
                Terminal.Remark($"No records there: partition {first.Partition} of {topic} {Extent(first.Low, first.High)}.");
                return;
            }

            var table = new Table(
                new Column("offset"), new Column("time", Keep: 3), new Column("email"), new Column("otp", Keep: 2),
                new Column("problem", Keep: 4, Flexible: true), new Column("headers", Keep: 1, Flexible: true));
            foreach (var record in items)
            {
                table.Add(record.Offset, record.Time, record.Email, record.Otp, record.Problem, Headers(record.Headers));
            }

            table.Write(screen);
            stretch.List.WriteMore(screen, call.Parsed, next, "more of them");
        });
    }

    /// <summary>What a partition holds, as the end of a sentence.</summary>
    public static string Extent(long low, long high) =>
        low == high ? "is empty" : $"holds the offsets {Texts.Number(low)} to {Texts.Number(high - 1)}";

    private static string? Headers(IReadOnlyDictionary<string, string>? headers) =>
        headers is null ? null : string.Join(", ", headers.Select(header => $"{header.Key}={header.Value}"));

    private static Cell KindOf(TopicKind kind) => kind switch
    {
        TopicKind.DeadLetters => new Cell("dead letters", "deadLetters"),
        TopicKind.Commands => Cell.From("commands"),
        _ => Cell.From("records"),
    };
}
