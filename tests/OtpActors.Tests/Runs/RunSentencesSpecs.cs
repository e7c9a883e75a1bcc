using Akka.Event;
using Akka.TestKit.Xunit;
using OtpActors.Domain.Runs;
using OtpActors.Runs;
using OtpActors.Tests.Infrastructure.Journal;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Runs;

public class RunSentencesSpecs() : TestKit("akka.loglevel = DEBUG\nakka.stdout-loglevel = OFF\nakka.loggers = []")
{
    public static TheoryData<string> Names => [.. RunEventSerializerSpecs.Version1.Keys];

    [Theory, MemberData(nameof(Names))]
    public void A_fact_is_told_in_a_sentence_with_names_and_not_as_a_record(string name)
    {
        var e = RunEventSerializerSpecs.Version1[name];
        Sys.EventStream.Subscribe(TestActor, typeof(LogEvent));

        RunSentences.Write(Logging.GetLogger(Sys, nameof(RunSentencesSpecs)), "run-1", e);

        var said = ExpectMsg<LogEvent>(cancellationToken: TestContext.Current.CancellationToken).Message.ToString()!;
        said.ShouldNotMatch(@"\w+ \{ |\w = ");
        said.ShouldNotContain("s3cret");
        said.ShouldNotContain(e.GetType().Name, Case.Sensitive);
        said.ShouldMatch(@"^\w.{8}");
    }

    [Theory, MemberData(nameof(Names))]
    public void What_the_timeline_keeps_is_told_in_a_sentence_too(string name)
    {
        if (RunFact.From(RunEventSerializerSpecs.Version1[name], 7) is { } fact)
        {
            var said = RunSentences.Of(fact);
            said.ShouldNotContain(fact.What.Contains('-') ? fact.What : "{", Case.Sensitive, "each fact has its words");
            said.ShouldNotContain("s3cret");
            said.ShouldMatch(@"^\w.{8}.*\w\)?$");
        }
    }
}
