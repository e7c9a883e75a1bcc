using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using OtpActors.Api;
using OtpActors.Client;
using OtpActors.CommandLine.Tables;

namespace OtpActors.CommandLine.Services;

/// <summary><c>dead-letters [list]</c> and <c>dead-letters redrive</c>: what could not be stored, and sending it again.</summary>
internal static class DeadLettersCommand
{
    public static Command Create()
    {
        var command = List("dead-letters", "Lists records that could not be stored, and why; or sends them to their topic again.")
            .WithExamples("dead-letters --newest --limit 10", "dead-letters redrive --all");
        command.Add(List("list", "Lists a topic's dead letters; keys are masked, and passwords not shown.")
            .WithExamples("dead-letters list --topic email_topic", "dead-letters list --partition 0 --offset 12 --json"));
        command.Add(Redrive());
        return command;
    }

    private static Command List(string name, string description)
    {
        var (topic, stretch) = (Topic(), new StretchOptions());
        return ServiceVerb.Create(name, description, [topic, .. stretch.All], async call =>
        {
            var (first, items, next) = await stretch.List.ReadAsync(
                call.Parsed, TopicEndpoints.MaxLimit,
                (limit, cursor) => call.Client.ListDeadLettersAsync(call.Parsed.GetValue(topic), stretch.ToQuery(call.Parsed, limit, cursor), call.Cancel),
                page => (page.Items, page.Next));
            return call.Show(first with { Items = items, Next = next }, screen =>
            {
                if (items.Count == 0)
                {
                    Terminal.Remark(first.Low == first.High
                        ? $"No dead letters of {first.Topic} in partition {first.Partition}."
                        : $"No dead letters there: partition {first.Partition} of {first.DeadLetterTopic} {TopicsCommand.Extent(first.Low, first.High)}.");
                    return;
                }

                TableOf(items).Write(screen);
                stretch.List.WriteMore(screen, call.Parsed, next, "more of them");
            });
        });
    }

    private static Table TableOf(IReadOnlyList<DeadLetterPage.Item> letters)
    {
        var table = new Table(
            new Column("letter"), new Column("sink", Keep: 5), new Column("redriven", Keep: 4), new Column("record", Keep: 2), new Column("key", Keep: 3),
            new Column("reason", Keep: 6, Flexible: true) { Least = 32 }, new Column("produced", Keep: 1));
        foreach (var letter in letters)
        {
            table.Add(
                Place(letter.Partition, letter.Offset), letter.Sink, letter.Redriven,
                letter.Origin is { } origin ? $"{origin.Topic}/{Place(origin.Partition, origin.Offset)}" : null, letter.Key, letter.Reason, letter.Time);
        }

        return table;
    }

    private static Command Redrive()
    {
        var topic = Topic();
        var all = new Option<bool>("--all") { Description = "All that were not sent again yet." };
        var letters = new Option<LetterPlace[]>("--letter")
        {
            Description = "One letter, by its partition and offset as the list shows them; may be repeated.",
            HelpName = "PARTITION@OFFSET",
            CustomParser = ParsePlaces,
        };
        var cursor = new Option<string?>("--cursor") { Description = "With --all: where to begin, the next of an earlier answer.", HelpName = "NEXT" };
        return ServiceVerb.Create(
            "redrive", "Sends dead letters' records to their topic again, each once. Exit code 1 if one of them cannot be sent.",
            [topic, all, letters, cursor],
            async call =>
            {
                var parsed = call.Parsed;
                var named = parsed.GetValue(letters) is { Length: > 0 } given ? given : null;
                if (named is null == !parsed.GetValue(all))
                {
                    throw new UsageException("Say which letters: either --all or --letter PARTITION@OFFSET.");
                }

                if (named is not null)
                {
                    ListOptions.Refuse(parsed, "goes with --all", cursor);
                }

                var request = new RedriveRequest
                {
                    Topic = parsed.GetValue(topic),
                    Letters = named,
                    All = named is null ? true : null,
                    Cursor = parsed.GetValue(cursor),
                };
                var done = await RedriveAsync(call, request);
                return call.Show(
                    done,
                    screen =>
                    {
                        screen.WriteText(
                            $"{Texts.Count(done.Redriven, "record")} of {done.Topic} sent again"
                            + (done.Already > 0 ? $"; of {Texts.Count(done.Already, "letter")} the record was sent before." : "."));
                        foreach (var unknown in done.Unknown)
                        {
                            Terminal.Error.WriteText(
                                $"{Place(unknown.Partition, unknown.Offset)}: no letter lies there, or it does not say where its record came from.");
                        }
                    },
                    done.Unknown.Count == 0 ? ExitCodes.Done : ExitCodes.NotDone);
            }).WithExamples("dead-letters redrive --all", "dead-letters redrive --letter 0@12 --letter 0@13 --topic email_topic");
    }

    /// <summary>One request sends a thousand records at most: as many requests as it takes.</summary>
    private static async Task<RedriveDocument> RedriveAsync(ServiceCall call, RedriveRequest request)
    {
        var done = await call.Client.RedriveAsync(request, call.Cancel);
        while (done.Next is { } next)
        {
            try
            {
                var more = await call.Client.RedriveAsync(new RedriveRequest { Topic = request.Topic, All = true, Cursor = next }, call.Cancel);
                done = more with
                {
                    Redriven = done.Redriven + more.Redriven,
                    Already = done.Already + more.Already,
                    Unknown = [.. done.Unknown, .. more.Unknown],
                };
            }
            catch (Exception e) when (e is ServiceException or OperationCanceledException)
            {
                Terminal.Error.WriteText($"{Texts.Count(done.Redriven, "record")} sent again before this; --cursor {next} goes on.");
                throw;
            }
        }

        return done;
    }

    private static Option<string?> Topic() => new("--topic")
    {
        Description = "The topic that the records came from. [default: the service's own, email_topic]",
        HelpName = "NAME",
    };

    private static string Place(int? partition, long? offset) => string.Create(CultureInfo.InvariantCulture, $"{partition}@{offset}");

    private static LetterPlace[]? ParsePlaces(ArgumentResult result)
    {
        var places = new List<LetterPlace>();
        foreach (var text in result.Tokens.Select(token => token.Value))
        {
            if (text.Split('@') is [var partition, var offset]
                && int.TryParse(partition, NumberStyles.None, CultureInfo.InvariantCulture, out var p)
                && long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var o))
            {
                places.Add(new LetterPlace { Partition = p, Offset = o });
            }
            else
            {
                result.AddError($"--letter: '{text}' is not PARTITION@OFFSET, as 0@12.");
                return null;
            }
        }

        return [.. places];
    }
}
