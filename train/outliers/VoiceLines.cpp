#include "train/outliers/VoiceLines.h"

#include <array>

namespace earshot {
namespace {

constexpr auto kVoiceLines = std::to_array<VoiceLine>({
    {"en-gb",
     "The last bus leaves at twenty past eleven, so we should be at the corner by a quarter past, or walk."},
    {"en-gb",
     "I put the keys on the shelf beside the window, and now there are only two old stamps and a button."},
    {"en-gb",
     "First you melt the butter, then you stir in the flour, and only then comes the milk, a little at a "
     "time."},
    {"en-gb",
     "Would you mind moving your bicycle? The postman cannot get through the gate with his big yellow cart."},
    {"en-gb",
     "Seven, eight, nine and ten make thirty four. Take away the six that were broken, and you have twenty "
     "eight."},
    {"en-us",
     "We drove all night through the rain, stopped twice for coffee, and reached the lake before anybody was "
     "up."},
    {"en-us",
     "Your table will be ready in about fifteen minutes. You can wait at the bar or come back a bit later."},
    {"en-us",
     "The forecast says clouds in the morning, some sun after lunch, and a chance of snow above a thousand "
     "feet."},
    {"en-us",
     "My sister called yesterday. She found a job at the library, and she starts on the first Monday of "
     "March."},
    {"en-us",
     "Please hold the line. All of our people are talking to somebody else, and you are number four in the "
     "queue."},
    {"en-gb-scotland",
     "There was an old boat on the shore with a hole in its side, and the children had planted flowers in "
     "it."},
    {"en-gb-scotland",
     "Nobody had told him that the museum was closed on Tuesdays, so he sat down on the steps and read his "
     "book."},
    {"en-gb-x-rp",
     "The committee met for three hours, agreed on nothing at all, and decided to meet again in the autumn."},
    {"en-gb-x-rp",
     "If you turn left at the church and follow the wall, you come to a small door that is never locked."},
    {"en-029",
     "The market opens early, before the heat. Come with a big basket, and do not pay what they ask at "
     "first."},
    {"de",
     "Der Zug nach Hamburg fährt heute von Gleis sieben, ungefähr zwanzig Minuten später als im Fahrplan "
     "steht."},
    {"de",
     "Kannst du bitte noch Brot und ein Pfund Kaffee mitbringen? Die Milch reicht bestimmt bis zum "
     "Wochenende."},
    {"de",
     "Im Garten hinter dem Haus stehen drei alte Apfelbäume, und in jedem Herbst wissen wir nicht, wohin "
     "damit."},
    {"de",
     "Meine Großmutter erzählte immer dieselbe Geschichte, aber jedes Mal ging sie ein wenig anders aus."},
    {"de",
     "Wir haben gestern den ganzen Nachmittag nach dem Schlüssel gesucht, und am Ende steckte er in der "
     "Tür."},
    {"fr-fr",
     "Le magasin ferme à sept heures, mais si vous vous dépêchez, vous aurez encore le temps d'acheter du "
     "pain."},
    {"fr-fr",
     "Nous avons loué une petite maison près de la mer, avec un jardin, deux chaises et une table en bois."},
    {"fr-fr",
     "Mon frère habite à Lyon depuis trois ans. Il travaille dans une école et il apprend à jouer aux "
     "échecs."},
    {"fr-be",
     "Prenez la deuxième rue à droite, passez devant la poste, et vous verrez la gare juste en face de "
     "vous."},
    {"fr-ch",
     "Il a neigé toute la nuit, et ce matin les enfants ne voulaient plus rentrer pour le petit déjeuner."},
    {"es",
     "Mañana por la tarde vamos al campo con mis primos, y si no llueve, comeremos todos debajo de los "
     "árboles."},
    {"es",
     "El libro que me prestaste me gustó mucho, sobre todo el final, aunque tardé tres semanas en leerlo."},
    {"es",
     "Perdone, ¿sabe usted dónde está la biblioteca? Me dijeron que era la segunda calle a la izquierda."},
    {"es-419",
     "Mi abuela prepara la mejor sopa del barrio, y los domingos siempre llega alguien más a la mesa."},
    {"es-419",
     "El autobús se descompuso en la montaña, y tuvimos que esperar dos horas hasta que vino otro."},
    {"it",
     "Domani mattina prendo il treno delle otto, così arrivo in tempo per il pranzo con tutta la famiglia."},
    {"it",
     "La finestra della cucina non si chiude bene, e quando tira vento bisogna metterci sotto un pezzo di "
     "carta."},
    {"it",
     "Abbiamo camminato per tre ore lungo il fiume, e alla fine ci siamo accorti che la strada era "
     "un'altra."},
    {"it", "Per fare una buona pasta ci vuole poco: acqua, sale, un po' di pazienza e un pomodoro maturo."},
    {"pt-br",
     "Ontem choveu o dia inteiro, então ficamos em casa, jogamos cartas e fizemos um bolo de laranja."},
    {"pt-br",
     "O ônibus passa de meia em meia hora, mas aos domingos é melhor ir a pé, porque nunca se sabe."},
    {"pt", "A minha irmã mora perto da praia, e todos os verões passamos lá duas semanas com as crianças."},
    {"nl",
     "De winkel op de hoek is vandaag gesloten, dus we moeten met de fiets naar het dorp aan de andere "
     "kant."},
    {"nl", "Mijn buurman heeft een oude boot gekocht, en nu staat hij elke avond in de tuin te schilderen."},
    {"nl", "Om half negen begint de vergadering, maar de koffie staat al klaar, en er is ook nog wat koek."},
    {"pl", "Jutro rano jedziemy w góry, więc trzeba wcześnie wstać i nie zapomnieć o ciepłych kurtkach."},
    {"pl", "Na stole leży książka, którą czytałem wczoraj wieczorem, a obok niej stoi zimna herbata."},
    {"pl",
     "Moja siostra mieszka na trzecim piętrze, a winda od dwóch tygodni nie działa i nikt nie wie dlaczego."},
    {"ru", "Завтра утром мы поедем на дачу, если не будет дождя, а вечером вернёмся домой на поезде."},
    {"ru", "Мой брат купил старую машину и каждый вечер чинит её во дворе вместе с соседом."},
    {"ru", "На столе стоит чай, рядом лежит хлеб, а за окном уже третий день идёт снег."},
    {"sv", "I morgon åker vi till landet, och om vädret håller kan vi bada i sjön och äta middag utomhus."},
    {"sv", "Jag glömde mina nycklar på jobbet igen, så nu sitter jag på trappan och väntar på min granne."},
    {"sv", "Bussen går klockan tio över sju, men man ska helst vara där lite tidigare, för den väntar inte."},
    {"tr", "Yarın sabah erkenden pazara gideceğiz, taze ekmek ve peynir alıp bahçede kahvaltı yapacağız."},
    {"tr", "Dün akşam bütün aile bir araya geldi, yemek yedik, çay içtik ve eski fotoğraflara baktık."},
    {"cs",
     "Zítra ráno pojedeme na výlet do lesa, a když nebude pršet, vrátíme se až večer posledním vlakem."},
    {"cs", "Na okně sedí dvě kočky a dívají se na ulici, kde děti staví velkého sněhuláka s červeným nosem."},
    {"fi",
     "Huomenna lähdemme mökille, ja jos sää on hyvä, voimme soutaa järvellä ja lämmittää saunan illalla."},
    {"fi",
     "Kirjasto on kiinni sunnuntaisin, mutta kirjat voi palauttaa luukusta oven vieressä mihin aikaan "
     "tahansa."},
    {"hu", "Holnap reggel korán indulunk a hegyekbe, és ha szép idő lesz, csak este jövünk haza a vonattal."},
    {"hu", "A nagymamám minden vasárnap süteményt süt, és az egész ház almától és fahéjtól illatozik."},
    {"da",
     "I morgen tager vi toget til byen, og bagefter spiser vi frokost hos min søster, som bor ved havnen."},
    {"nb",
     "I kveld blir det fisk til middag, og etterpå går vi en tur langs vannet hvis det ikke regner for mye."},
    {"el", "Αύριο το πρωί θα πάμε στη θάλασσα, και το βράδυ θα φάμε όλοι μαζί στο μικρό σπίτι του παππού."},
});

}  // namespace

std::span<const VoiceLine> voice_lines() {
  return kVoiceLines;
}

}  // namespace earshot
