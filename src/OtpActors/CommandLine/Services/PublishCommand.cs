using System.CommandLine;
using OtpActors.CommandLine.Screens;
using OtpActors.Domain.Runs;
using OtpActors.Triggers;

namespace OtpActors.CommandLine.Services;

/// <summary><c>publish EMAIL</c>: puts a record, or those of a file, into a topic of the service.</summary>
internal static class PublishCommand
{
    public static Command Create()
    {
        var email = new Argument<string?>("EMAIL") { Description = "The address.", Arity = ArgumentArity.ZeroOrOne };
        var otp = new Option<string?>("--otp-file")
        {
            Description = "A file with its password in the first line; '-' reads standard input. [default: seven random digits]",
            HelpName = "FILE",
        };
        var records = new Option<string?>("--records")
        {
            Description = $"Instead of one address: the records of FILE, at most {Texts.Number(RunRequests.MaxInlineRecords)}; "
                + "CSV with the header email,otp or JSON lines. All are published, or none.",
            HelpName = "FILE",
        };
        var topic = new Option<string?>("--topic")
        {
            Description = "The topic, created if it is absent. [default: the service's own, email_topic]",
            HelpName = "NAME",
        };
        var key = new Option<string?>("--idempotency-key")
        {
            Description = "Your own name for this publication: with the same one it is published once, however often it is sent.",
            HelpName = "KEY",
        };
        return ServiceVerb.Create(
            "publish", "Publishes a record, or those of a file. The sinks of the next run on the topic store them.", [email, otp, records, topic, key],
            async call =>
            {
                var parsed = call.Parsed;
                var request = new PublishRequest
                {
                    Topic = parsed.GetValue(topic),
                    Records = (parsed.GetValue(email), parsed.GetValue(records)) switch
                    {
                        (null, null) => throw new UsageException("publish needs an EMAIL, or --records FILE."),
                        (null, { } file) => parsed.GetValue(otp) is null
                            ? RecordFile.Read(file)
                            : throw new UsageException("--otp-file is the password of one EMAIL: FILE of --records has its own."),
                        (_, not null) => throw new UsageException("--records says what is published: leave out the EMAIL."),
                        ({ } one, null) => [new OtpInput
                        {
                            Email = one,
                            Otp = parsed.GetValue(otp) is { } secret ? await SecretFile.ReadAsync(otp.Name, secret, call.Cancel) : null,
                        }],
                    },
                };
                var published = await call.Client.PublishAsync(request, parsed.GetValue(key), call.Cancel);
                return call.Show(published, screen => screen.WriteText(TextWidth.Clean(
                    $"{Texts.Count(published.Count, "record")} published to {published.Topic}{(published.Again ? " before, under the same key" : "")}.")));
            }).WithExamples("publish jane@example.com", "publish jane@example.com --otp-file otp.txt", "publish --records people.csv --idempotency-key monday");
    }
}
